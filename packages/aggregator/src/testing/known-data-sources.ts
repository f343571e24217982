import { Buffer } from "node:buffer";
import { notFound, type UserInfo } from "@dataplane/meta";
import type { PluginContext } from "@dataplane/plugin-protocol";
import { orgIdOf } from "../org-id.js";
import { pluginConfig } from "../plugin-config.js";
import type { PluginContexts } from "../plugin-contexts.js";
import { pluginUser } from "../plugin-user.js";

export interface KnownDataSource {
  readonly pluginId: string;
  readonly uid: string;
  readonly namespace?: string;
  readonly url?: string;
  readonly jsonData?: Readonly<Record<string, unknown>>;
  /** Decrypted; `{token: "s3cret"}` unless told. */
  readonly secure?: Readonly<Record<string, string>>;
  /** User name of basic authentication. */
  readonly basicAuthUser?: string;
}

const grafanaConfig = pluginConfig({ appUrl: "http://localhost:3000/" });

const commonContext = (pluginId: string, namespace: string, user: UserInfo): PluginContext => ({
  orgId: orgIdOf(namespace),
  pluginId,
  user: pluginUser(user),
  grafanaConfig,
  pluginVersion: "1.0.0",
  userAgent: "Grafana/12.0.0 (linux; amd64)",
  apiVersion: "v0alpha1",
  namespace,
});

/** Plugin contexts of a fixed list of data sources; every app has empty settings in every namespace. */
export const knownDataSources = (known: readonly KnownDataSource[]): PluginContexts => ({
  forDataSource: ({ pluginId, namespace, uid }, user) => {
    const found = known.find((it) => it.pluginId === pluginId && it.uid === uid && (it.namespace ?? "default") === namespace);
    if (found === undefined) return Promise.reject(notFound("datasources", uid, `${pluginId}.datasource.grafana.app`));
    const jsonData = found.jsonData ?? {};
    return Promise.resolve({
      uid,
      jsonData,
      pluginContext: {
        ...commonContext(pluginId, namespace, user),
        dataSourceInstanceSettings: {
          id: 1,
          uid,
          name: uid,
          url: found.url ?? "",
          user: "",
          database: "",
          basicAuthEnabled: found.basicAuthUser !== undefined,
          basicAuthUser: found.basicAuthUser ?? "",
          jsonData: Buffer.from(JSON.stringify(jsonData)),
          decryptedSecureJsonData: found.secure ?? { token: "s3cret" },
          lastUpdatedMS: 1_704_067_200_000,
          apiVersion: "",
        },
      },
    });
  },
  forApp: ({ pluginId, namespace }, user) => {
    const appInstanceSettings = { jsonData: Buffer.from("{}"), decryptedSecureJsonData: {}, lastUpdatedMS: 1_704_067_200_000, apiVersion: "" };
    return Promise.resolve({ jsonData: {}, pluginContext: { ...commonContext(pluginId, namespace, user), appInstanceSettings } });
  },
});
