import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { Plugin, PluginSignature, PluginState } from "@dataplane/plugin-host";

/** A plugin that a server has, and how it is there. */
export interface PluginRecord {
  readonly id: string;
  readonly version: string;
  /** Of its plugin.json: who has read that text once need not ask for it. */
  readonly stamp: string;
  readonly signature: PluginSignature;
  readonly phase: PluginState["phase"];
  readonly reason: string;
  readonly message: string;
  /** RFC 3339: since when it is so. */
  readonly since: string;
}

/** What a server says of itself to the others that share its store. */
export interface ServerRecord {
  /** Of this process: another one after a restart. */
  readonly id: string;
  /** `https://host:port`. */
  readonly url: string;
  readonly version: string;
  /** SHA-256 of the CA that it trusts others by, and they it. */
  readonly caFingerprint: string;
  readonly plugins: readonly PluginRecord[];
  /** It is stopping: nothing more is to be begun there. */
  readonly isLeaving: boolean;
}

export const leaseNamespace = "kube-system";
/** On the Lease of each server. */
export const serverLabel = "dataplane/server";
const recordAnnotation = "dataplane/server";

/** Of a process: lower case letters, digits and dashes, since it is part of the name of a Lease. */
export function newServerId(): string {
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z\d]+/g, "-")
    .slice(0, 40);
  return `${host}-${randomBytes(4).toString("hex")}`.replace(/^-/, "");
}

export const leaseNameOf = (id: string): string => `dataplane-server-${id}`;

const phases: readonly PluginState["phase"][] = ["starting", "running", "backoff", "failed", "stopped"];
const signatures: readonly PluginSignature[] = ["internal", "valid", "invalid", "modified", "unsigned"];

export function annotationsOf(record: ServerRecord): Readonly<Record<string, string>> {
  return { [recordAnnotation]: JSON.stringify(record) };
}

/** Undefined for a Lease that is no server's. */
export function recordOf({ metadata }: ApiObject): ServerRecord | undefined {
  const text = metadata.annotations?.[recordAnnotation];
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { id, url, plugins } = value;
  if (typeof id !== "string" || typeof url !== "string" || !URL.canParse(url) || !Array.isArray(plugins)) return undefined;
  return {
    id,
    url,
    version: textOf(value["version"]),
    caFingerprint: textOf(value["caFingerprint"]),
    plugins: plugins.flatMap(pluginFrom),
    isLeaving: value["isLeaving"] === true,
  };
}

function pluginFrom(value: JsonValue): readonly PluginRecord[] {
  if (!isJsonObject(value)) return [];
  const phase = phases.find((it) => it === value["phase"]);
  const signature = signatures.find((it) => it === value["signature"]);
  const id = textOf(value["id"]);
  if (id === "" || phase === undefined || signature === undefined) return [];
  const { version, stamp, reason, message, since } = texts(value);
  return [{ id, version, stamp, signature, phase, reason, message, since }];
}

const texts = (value: JsonObject) => ({
  version: textOf(value["version"]),
  stamp: textOf(value["stamp"]),
  reason: textOf(value["reason"]),
  message: textOf(value["message"]),
  since: textOf(value["since"]),
});

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** Messages of a plugin's end can be long, and all of them are in one annotation. */
const messageLimit = 200;

export const pluginRecord = ({ id, json, signature, state }: Plugin, stamp: string): PluginRecord => ({
  id,
  version: json.version,
  stamp,
  signature,
  phase: state.phase,
  reason: state.reason,
  message: state.message.slice(0, messageLimit),
  since: state.since.toISOString(),
});

/** Short, and the same after a restart: what people know a server by. */
export const hostOf = ({ url }: Pick<ServerRecord, "url">): string => new URL(url).host;
