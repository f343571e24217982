import type { Clock, Logger } from "@dataplane/meta";
import type { LinkTarget, OpenLink } from "@dataplane/plugin-protocol";
import type { FoundPlugin, PluginDirectory } from "./find-plugins.js";
import type { PluginJson } from "./plugin-json.js";

export interface PluginHostOptions {
  /** Earlier ones win where two hold the same plugin. */
  readonly directories: readonly PluginDirectory[];
  /** Where `run/plugins` says which processes were started. */
  readonly dataDirectory: string;
  /** Ids of unsigned plugins that load all the same; true: all of them. */
  readonly allowUnsigned: boolean | readonly string[];
  /** Armoured PGP public keys whose signatures make a plugin valid; none when absent. */
  readonly trustedKeys?: readonly string[];
  /** Of this server, as its users know it: private plugins are bound to one. */
  readonly rootUrl?: string;
  /** Environment of a plugin's own: what `[plugin.<id>]` says, as GF_PLUGIN_NAME, and the server's GF_ variables for it. */
  readonly settingsFor: (pluginId: string) => Readonly<Record<string, string>>;
  /**
   * More of it, which takes its time, such as credentials; asked before each start, which waits for it as long as a start may take. A
   * rejection is a start that failed.
   */
  readonly environmentFor?: (plugin: FoundPlugin, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
  /** The host's own environment, for GF_PLUGIN_GRPC_ADDRESS_<ID>; none when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** The version told to plugins as GF_VERSION. */
  readonly version: string;
  readonly link: OpenLink;
  /** The connection to one plugin, where it is not to be `link`: one that is recorded. */
  readonly linkFor?: (plugin: PluginJson) => OpenLink | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From spawn to a working connection; 60 s when absent. */
  readonly startTimeoutMs?: number;
  /** Whether plugins are offered TLS with certificates of their own; true when absent. */
  readonly autoMtls?: boolean;
  /** How long a call waits for a plugin that is starting; 10 s when absent. */
  readonly startWaitMs?: number;
  /** How often the folders are looked at for what is new, changed or gone; never when absent or 0. */
  readonly watchPeriodMs?: number;
  /** How long calls in flight may go on in a process that is replaced; 30 s when absent. */
  readonly drainMs?: number;
  /**
   * Other processes that were told of plugins' addresses (`PluginHost.targetOf`) call them too: resolves when none calls this one any more.
   * A process that is replaced waits for it, as for its own calls in flight.
   */
  readonly alsoDrained?: (target: LinkTarget) => Promise<void>;
  /** Ends in a row after which a plugin is given up; 0: never; about an hour of them when absent. */
  readonly giveUpAfter?: number;
  /** Memory in RAM over which a plugin is ended and started again; no limit when absent. Linux only. */
  readonly memoryLimitBytes?: number | undefined;
}
