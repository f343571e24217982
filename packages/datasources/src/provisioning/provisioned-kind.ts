import type { ResourceRef } from "@dataplane/client";
import type { JsonObject } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";

/** An object as a provisioning file says it. */
export interface ProvisionedEntry {
  readonly namespace: string;
  /** Of the object: a data source's uid, an app's plugin id. */
  readonly name: string;
  readonly pluginId: string;
  readonly spec: JsonObject;
  readonly secure: Readonly<Record<string, string>>;
}

/** An object that is to go, by the name for people. */
export interface ProvisionedDeletion {
  readonly name: string;
  readonly namespace: string;
}

export interface ProvisioningFile {
  readonly entries: readonly ProvisionedEntry[];
  readonly deletions: readonly ProvisionedDeletion[];
  /** Objects of this file go when no file lists them any more. */
  readonly prune: boolean;
  /** No list is in it, not even an empty one, as in a file of comments: what it provisioned before stays. */
  readonly isBlank: boolean;
}

/** What the files of one folder provision. */
export interface ProvisionedKind {
  readonly kind: string;
  /** For messages: "data source". */
  readonly words: string;
  /** What an object's name is to people: "uid". */
  readonly nameWords: string;
  /** Throws ProvisioningError. */
  readonly parse: (text: string, env: NodeJS.ProcessEnv) => ProvisioningFile;
  /** Where the objects of a plugin are; undefined when its id makes no group. */
  readonly resourceOf: (pluginId: string) => ResourceRef | undefined;
  /** All there may be objects in. */
  readonly resources: (plugins: PluginSource) => readonly ResourceRef[];
}
