import type { PluginContext } from "@dataplane/plugin-protocol";
import { type JsonObject, parseJsonObject } from "./json-object.js";
import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";
import { SettingsError } from "./plugin-error.js";

/** One data source, as its owner set it up. */
export interface DataSourceSettings {
  readonly id: number;
  readonly uid: string;
  readonly name: string;
  readonly url: string;
  readonly user: string;
  readonly database: string;
  readonly basicAuthEnabled: boolean;
  readonly basicAuthUser: string;
  readonly jsonData: JsonObject;
  /** Decrypted. Never log them, never put them in an error. */
  readonly secure: Readonly<Record<string, string>>;
  readonly updated: Date;
  readonly apiVersion: string;
}

/** The settings of an app plugin in one namespace. */
export interface AppSettings {
  readonly jsonData: JsonObject;
  /** Decrypted. Never log them, never put them in an error. */
  readonly secure: Readonly<Record<string, string>>;
  readonly updated: Date;
  readonly apiVersion: string;
}

/** What an instance may keep beside its settings. */
export interface InstanceContext {
  readonly pluginId: string;
  readonly pluginVersion: string;
  /** The tenant that the instance belongs to. */
  readonly namespace: string;
  /** The host's configuration for plugins, such as GF_APP_URL; a change of it makes a new instance. */
  readonly config: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Reads the settings of a call. Throws SettingsError when there are none, or when they are not JSON. */
export function dataSourceSettingsOf(context: PluginContext): DataSourceSettings {
  const settings = context.dataSourceInstanceSettings;
  if (settings === undefined) throw new SettingsError("the call carries no data source settings");
  const { id, uid, name, url, user, database, basicAuthEnabled, basicAuthUser, apiVersion } = settings;
  return {
    ...{ id, uid, name, url, user, database, basicAuthEnabled, basicAuthUser, apiVersion },
    ...parsedPart(settings),
  };
}

/** Reads the settings of a call to an app. Throws SettingsError when there are none, or when they are not JSON. */
export function appSettingsOf(context: PluginContext): AppSettings {
  const settings = context.appInstanceSettings;
  if (settings === undefined) throw new SettingsError("the call carries no app settings");
  return { apiVersion: settings.apiVersion, ...parsedPart(settings) };
}

function parsedPart(settings: {
  readonly jsonData: Uint8Array;
  readonly decryptedSecureJsonData: Readonly<Record<string, string>>;
  readonly lastUpdatedMS: number;
}) {
  try {
    return {
      jsonData: parseJsonObject(settings.jsonData, "jsonData"),
      secure: settings.decryptedSecureJsonData,
      updated: new Date(settings.lastUpdatedMS),
    };
  } catch (cause) {
    throw new SettingsError(cause instanceof Error ? cause.message : "jsonData cannot be read", { cause });
  }
}
