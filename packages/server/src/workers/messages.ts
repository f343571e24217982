import type { RequestInfo } from "@dataplane/meta";
import type { PluginSignature, PluginState } from "@dataplane/plugin-host";
import type { LinkTarget } from "@dataplane/plugin-protocol";
import type { Config } from "../config/load-config.js";
import type { ListenerCredentials } from "../listen/listeners.js";

/** PEM. One pair for both ends of the control socket, made at each start: whoever has the key is this server. */
export interface ControlIdentity {
  readonly key: string;
  readonly cert: string;
}

/** A plugin of the control process, as a worker calls it. */
export interface PluginRecord {
  readonly id: string;
  /** The text of its plugin.json. */
  readonly json: string;
  readonly directory: string;
  readonly signature: PluginSignature;
  readonly state: PluginState;
  /** Undefined while there is no process that a worker could call: its requests then go to the control process. */
  readonly target: LinkTarget | undefined;
}

/** What the API server serves, which routes must not hide: groups, `<group>/<version>/<resource>` with subresources, remote `<group>/<version>`. */
export interface StoredRecord {
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly remote: readonly string[];
}

/** What the listeners show, and whose certificates are believed; absent without HTTPS. */
export interface WorkerCertificates {
  readonly listener: ListenerCredentials;
  /** PEM. */
  readonly clientCa: string;
  readonly requestHeaderCa: string;
}

export type ListenerName = "http" | "https";

/** The first message to a worker. It holds secrets: it goes over the pipe between the two processes and nowhere else. */
export interface WorkerStart {
  readonly type: "start";
  readonly config: Config;
  /** Path of the control process' socket. */
  readonly socketPath: string;
  readonly identity: ControlIdentity;
  readonly certificates: WorkerCertificates;
  readonly stored: StoredRecord;
  readonly plugins: readonly PluginRecord[];
}

/** What a worker answers. `written`: a write went through, answered when it is obeyed. `drained`: when no call goes to that address any more. */
export type Question =
  | { readonly kind: "written"; readonly info: RequestInfo }
  | { readonly kind: "drained"; readonly address: string }
  | { readonly kind: "metrics" };

export type ToWorker =
  | WorkerStart
  /** A connection comes with it. */
  | { readonly type: "connection"; readonly id: number; readonly listener: ListenerName }
  | { readonly type: "plugin"; readonly plugin: PluginRecord }
  | { readonly type: "no plugin"; readonly id: string }
  | { readonly type: "certificates"; readonly certificates: WorkerCertificates }
  | { readonly type: "stored"; readonly stored: StoredRecord }
  | { readonly type: "question"; readonly id: number; readonly question: Question }
  /** Answers end their connections from now on. */
  | { readonly type: "drain" }
  /** No connection will come any more: the worker ends when those it has are done. */
  | { readonly type: "leave" };

export type FromWorker =
  | { readonly type: "ready" }
  /** The connection of that number is the worker's now. */
  | { readonly type: "took"; readonly id: number }
  /** One of its connections is over. */
  | { readonly type: "closed" }
  | { readonly type: "answer"; readonly id: number; readonly text: string }
  /** Somebody asked the worker to end: it takes no more connections. */
  | { readonly type: "leaving" };

/** One text for one address of a plugin's process. */
export const addressOf = ({ address }: LinkTarget): string => (address.network === "tcp" ? `${address.host}:${address.port}` : address.path);
