import { createHash } from "node:crypto";
import type { Clock, Logger } from "@dataplane/meta";
import { isJsonObject, TimeLimit } from "@dataplane/meta";
import { type Plugin, type PluginJson, type PluginSource, parsePluginJson } from "@dataplane/plugin-host";
import type { LivingServers } from "./living-servers.js";
import type { Peers } from "./peers.js";
import type { PluginRecord, ServerRecord } from "./server-record.js";
import { SharedPlugin } from "./shared-plugin.js";

export interface SharedPluginsOptions {
  /** Those of this server. */
  readonly local: PluginSource;
  readonly servers: Pick<LivingServers, "others" | "onChange">;
  readonly peers: Pick<Peers, "at">;
  /** What this server is known by. */
  readonly host: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A plugin at another server. */
export interface RemotePlugin {
  readonly server: ServerRecord;
  readonly plugin: PluginRecord;
}

const askMs = 5_000;

/** Names the text of a plugin.json. */
export const stampOf = (json: PluginJson): string => createHash("sha256").update(JSON.stringify(json.raw)).digest("base64url").slice(0, 16);

/**
 * The plugins of all servers that share the store, as if they were here: calls go to this server's own process, else to a server that has
 * one. What a server says of its plugins is in its Lease; their plugin.json is asked of it once.
 */
export class SharedPlugins implements PluginSource {
  readonly #options: SharedPluginsOptions;
  readonly #listeners = new Set<(pluginId: string) => void>();
  readonly #plugins = new Map<string, SharedPlugin>();
  /** By stamp. */
  readonly #read = new Map<string, PluginJson>();
  readonly #asking = new Set<string>();
  /** What was said of each plugin at other servers when it was last told of. */
  #told: ReadonlyMap<string, string> = new Map();

  constructor(options: SharedPluginsOptions) {
    this.#options = options;
    options.servers.onChange(() => this.#serversChanged());
    options.local.onChange((id) => this.#tell(id));
  }

  get(id: string): Plugin | undefined {
    if (this.#options.local.get(id) === undefined && this.remotes(id).length === 0) return undefined;
    const known = this.#plugins.get(id) ?? new SharedPlugin(id, { ...this.#options, source: this });
    this.#plugins.set(id, known);
    return known;
  }

  list(): readonly Plugin[] {
    const ids = new Set(this.#options.local.list().map(({ id }) => id));
    for (const { plugins } of this.#options.servers.others()) for (const { id } of plugins) ids.add(id);
    return [...ids].flatMap((id) => this.get(id) ?? []);
  }

  onChange(listener: (pluginId: string) => void): () => void {
    const own = (id: string): void => listener(id);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Where else it is; servers that leave come last. */
  remotes(id: string): readonly RemotePlugin[] {
    const found = this.#options.servers.others().flatMap((server) => {
      const plugin = server.plugins.find((it) => it.id === id);
      return plugin === undefined ? [] : [{ server, plugin }];
    });
    return found.sort((a, b) => Number(a.server.isLeaving) - Number(b.server.isLeaving));
  }

  /** What its plugin.json says; until that was read, what its record does. */
  jsonOf({ id, version, stamp }: PluginRecord): PluginJson {
    const known = this.#read.get(stamp);
    if (known !== undefined) return known;
    const type = id.endsWith("-app") ? "app" : "datasource";
    return parsePluginJson(JSON.stringify({ id, type, name: id, backend: true, info: { version } }));
  }

  #serversChanged(): void {
    for (const server of this.#options.servers.others()) {
      if (server.plugins.some(({ stamp }) => !this.#read.has(stamp))) void this.#readOf(server);
    }
    const now = new Map<string, string>();
    for (const server of this.#options.servers.others()) {
      for (const plugin of server.plugins)
        now.set(plugin.id, `${now.get(plugin.id) ?? ""}${server.id} ${String(server.isLeaving)} ${JSON.stringify(plugin)};`);
    }
    const before = this.#told;
    this.#told = now;
    for (const id of new Set([...before.keys(), ...now.keys()])) if (before.get(id) !== now.get(id)) this.#tell(id);
  }

  /** Until that server is gone or has told: a look at a time. */
  async #readOf({ id, url }: ServerRecord): Promise<void> {
    if (this.#asking.has(id)) return;
    this.#asking.add(id);
    const limit = new TimeLimit({ ms: askMs });
    try {
      for await (const message of this.#options.peers.at(url).ask({ operation: "plugins", args: {}, signal: limit.signal })) this.#learn(message);
    } catch (thrown) {
      this.#options.logger.warn(
        { server: id, url, reason: thrown instanceof Error ? thrown.message : "" },
        "another server's plugins could not be read",
      );
      void this.#options.clock.sleep(askMs).then(() => this.#serversChanged());
    } finally {
      limit.release();
      this.#asking.delete(id);
    }
  }

  #learn(message: Uint8Array): void {
    const raw: unknown = JSON.parse(Buffer.from(message).toString("utf8"));
    if (!isJsonObject(raw)) return;
    const json = parsePluginJson(JSON.stringify(raw));
    this.#read.set(stampOf(json), json);
    this.#tell(json.id);
  }

  #tell(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }
}
