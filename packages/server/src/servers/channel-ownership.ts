import { createHash } from "node:crypto";
import type { ChannelKey, ChannelOwner, ChannelOwners, PublishRequest } from "@dataplane/aggregator";
import { ApiError, type JsonObject, type JsonValue, LinkedAbort, TimeLimit, unavailable } from "@dataplane/meta";
import type { LivingServers } from "./living-servers.js";
import { PeerAway } from "./peer-away.js";
import type { Peers } from "./peers.js";
import type { ServerRecord } from "./server-record.js";

export interface ChannelOwnershipOptions {
  /** Of this server. */
  readonly id: string;
  readonly servers: Pick<LivingServers, "list" | "get" | "onChange">;
  readonly peers: Pick<Peers, "at">;
}

/**
 * Which server runs a stream: of those that live, do not leave, and have the plugin, the one with the highest hash of its id and the channel's
 * name (rendezvous hashing). All reckon it from the same Leases, so that nothing is written for a channel, and when a server comes or goes only
 * its own share of the channels moves. While two servers see different Leases the one that is asked refuses a channel that it takes for another's:
 * nobody passes on what was passed on.
 */
export class ChannelOwnership implements ChannelOwners {
  readonly #options: ChannelOwnershipOptions;

  constructor(options: ChannelOwnershipOptions) {
    this.#options = options;
  }

  ownerOf(key: ChannelKey): ChannelOwner | undefined {
    const server = this.#ranked(key)[0];
    return server === undefined || server.id === this.#options.id ? undefined : this.#ownerAt(server);
  }

  onChange(listener: () => void): () => void {
    return this.#options.servers.onChange(listener);
  }

  #ranked(key: ChannelKey): readonly ServerRecord[] {
    const candidates = this.#options.servers.list().filter(({ plugins, isLeaving }) => !isLeaving && plugins.some(({ id }) => id === key.pluginId));
    const well = candidates.filter(({ plugins }) => plugins.some(({ id, phase }) => id === key.pluginId && phase === "running"));
    const name = `${key.pluginId}/${key.namespace}/${key.uid ?? ""}/${key.path}`;
    const score = ({ id }: ServerRecord): string => createHash("sha256").update(`${id}/${name}`).digest("hex");
    return (well.length > 0 ? well : candidates)
      .map((server) => ({ server, score: score(server) }))
      .sort((a, b) => (a.score < b.score ? 1 : -1))
      .map(({ server }) => server);
  }

  #ownerAt({ id, url }: ServerRecord): ChannelOwner {
    const peer = this.#options.peers.at(url);
    const { servers } = this.#options;
    return {
      id,
      async *run({ key, headers, data }, signal) {
        // One whose Lease has ended, and whose machine does not say so: its streams go on elsewhere.
        const gone = new LinkedAbort(signal);
        const stop = servers.onChange(() => {
          if (servers.get(id) === undefined) gone.abort();
        });
        try {
          yield* peer.ask({ operation: "run", args: { key: jsonOf(key), headers: { ...headers } }, payload: data, signal: gone.signal });
        } catch (thrown) {
          throw asApiError(thrown);
        } finally {
          stop();
          gone.release();
        }
      },
      async publish({ key, user, headers, data }: PublishRequest): Promise<JsonValue | undefined> {
        const { name, groups, uid, extra = {} } = user;
        const who: JsonObject = {
          name,
          groups: [...groups],
          ...(uid === undefined ? {} : { uid }),
          extra: Object.fromEntries(Object.entries(extra).map(([k, v]) => [k, [...v]])),
        };
        const args = { key: jsonOf(key), headers: { ...headers }, user: who };
        const limit = new TimeLimit({ ms: publishMs });
        try {
          for await (const message of peer.ask({ operation: "publish", args, payload: data, signal: limit.signal }))
            return JSON.parse(Buffer.from(message).toString("utf8")) as JsonValue;
          return undefined;
        } catch (thrown) {
          throw asApiError(thrown);
        } finally {
          limit.release();
        }
      },
    };
  }
}

const publishMs = 60_000;

const jsonOf = ({ pluginId, namespace, uid, path }: ChannelKey): JsonObject => ({ pluginId, namespace, path, ...(uid === undefined ? {} : { uid }) });

function asApiError(thrown: unknown): unknown {
  if (thrown instanceof ApiError) return thrown;
  return thrown instanceof PeerAway ? unavailable("the server that runs this stream cannot be reached", 1) : thrown;
}
