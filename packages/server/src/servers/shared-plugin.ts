import { TimeLimit } from "@dataplane/meta";
import {
  type Plugin,
  type PluginClient,
  type PluginJson,
  type PluginSignature,
  type PluginSource,
  type PluginState,
  PluginUnavailable,
  pluginClient,
} from "@dataplane/plugin-host";
import { firstReachable, peerLink } from "./peer-link.js";
import type { Peers } from "./peers.js";
import { hostOf } from "./server-record.js";
import type { RemotePlugin, SharedPlugins } from "./shared-plugins.js";

export interface SharedPluginOptions {
  readonly local: PluginSource;
  readonly peers: Pick<Peers, "at">;
  readonly source: Pick<SharedPlugins, "remotes" | "jsonOf">;
  /** What this server is known by. */
  readonly host: () => string;
}

const askMs = 30_000;
const mostClients = 64;

/** One plugin, wherever it is. */
export class SharedPlugin implements Plugin {
  readonly id: string;
  readonly #options: SharedPluginOptions;
  /** By addresses: a client is as good as another, and who counts calls keeps them apart. */
  readonly #clients = new Map<string, PluginClient>();
  #turn = 0;

  constructor(id: string, options: SharedPluginOptions) {
    this.id = id;
    this.#options = options;
  }

  get json(): PluginJson {
    const remote = this.#remotes[0];
    return this.#local?.json ?? (remote === undefined ? this.#none() : this.#options.source.jsonOf(remote.plugin));
  }

  /** Empty for one that is elsewhere alone. */
  get directory(): string {
    return this.#local?.directory ?? "";
  }

  get signature(): PluginSignature {
    return this.#local?.signature ?? this.#remotes[0]?.plugin.signature ?? "invalid";
  }

  /** Where it is best; `note` says where it is otherwise. */
  get state(): PluginState {
    const local = this.#local?.state;
    const remotes = this.#remotes;
    if (local !== undefined && remotes.length === 0) return local;
    const best = [...(local === undefined ? [] : [local]), ...remotes.map(stateOf)].sort((a, b) => rank(a) - rank(b))[0];
    if (best === undefined) return this.#none();
    const note = [local?.note, saidBy(this.#options.host(), local, remotes)].filter((it) => it !== undefined && it !== "").join("; ");
    return { ...best, note: note === "" ? undefined : note };
  }

  async client(signal: AbortSignal): Promise<PluginClient> {
    const local = this.#local;
    const running = this.#remotes.filter(({ plugin }) => plugin.phase === "running");
    // One that is starting here would have to be waited for.
    if (local !== undefined && (local.state.phase === "running" || running.length === 0)) return local.client(signal);
    if (running.length > 0) return this.#clientOf(running);
    const remote = this.#remotes[0];
    if (remote === undefined)
      throw new PluginUnavailable({ pluginId: this.id, reason: "Gone", message: "no server has it any more", retryAfterSeconds: 1 });
    const { id, phase, reason, message } = remote.plugin;
    if (phase !== "running" && phase !== "starting") {
      throw new PluginUnavailable({ pluginId: id, reason, message: `at ${hostOf(remote.server)}: ${message}`, retryAfterSeconds: 1 });
    }
    return this.#clientOf([remote]);
  }

  /** Everywhere. Rejects with the first that did not come up. */
  async restart(): Promise<void> {
    const limit = new TimeLimit({ ms: askMs });
    const { signal } = limit;
    const others = this.#remotes.map(async ({ server }) => {
      for await (const _ of this.#options.peers.at(server.url).ask({ operation: "restart", args: { plugin: this.id }, signal }));
    });
    await Promise.all([this.#local?.restart(), ...others]).finally(() => limit.release());
  }

  get #local(): Plugin | undefined {
    return this.#options.local.get(this.id);
  }

  get #remotes(): readonly RemotePlugin[] {
    return this.#options.source.remotes(this.id);
  }

  /** Servers take turns; those that leave come after the others, and where one cannot be reached the next one is called. */
  #clientOf(remotes: readonly RemotePlugin[]): PluginClient {
    this.#turn += 1;
    const staying = remotes.filter(({ server }) => !server.isLeaving);
    const turn = staying.length === 0 ? 0 : this.#turn % staying.length;
    const urls = [...staying.slice(turn), ...staying.slice(0, turn), ...remotes.filter(({ server }) => server.isLeaving)].map(
      ({ server }) => server.url,
    );
    const key = urls.join(" ");
    const known =
      this.#clients.get(key) ?? pluginClient(firstReachable(urls.map((url) => peerLink(this.#options.peers.at(url), this.id))), () => undefined);
    if (this.#clients.size > mostClients) this.#clients.clear();
    this.#clients.set(key, known);
    return known;
  }

  #none(): never {
    throw new PluginUnavailable({ pluginId: this.id, reason: "Gone", message: "no server has it any more", retryAfterSeconds: 1 });
  }
}

const order: readonly PluginState["phase"][] = ["running", "starting", "backoff", "failed", "stopped"];
const rank = ({ phase }: PluginState): number => order.indexOf(phase);

const stateOf = ({ server, plugin: { phase, reason, message, since } }: RemotePlugin): PluginState => ({
  phase,
  reason,
  message: `at ${hostOf(server)}: ${message}`,
  since: new Date(since),
  restarts: 0,
  pid: undefined,
  note: undefined,
});

/** The same words whichever server says them. */
function saidBy(host: string, local: PluginState | undefined, remotes: readonly RemotePlugin[]): string {
  const words = (at: string, { phase, reason }: Pick<PluginState, "phase" | "reason">): string =>
    phase === "running" ? `runs at ${at}` : `at ${at}: ${reason}`;
  const others = remotes.map(({ server, plugin }) => words(hostOf(server), plugin));
  return [...(local === undefined ? [] : [words(host, local)]), ...others].sort().join(", ");
}
