import { Agent, type IncomingMessage, request as send } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { admin, type Json } from "../testing/call.js";
import type { Random } from "../testing/random.js";
import { collection, isKey, itemOf, itemsOf, revisionOf, textOf } from "./config-maps.js";
import type { History, Item } from "./history.js";
import { ask } from "./request.js";

/** What one watch brought, from its request to its end. */
export interface WatchSession {
  readonly watcher: number;
  /** It asked for changes after this revision; undefined: for the newest state and what follows. */
  readonly since: number | undefined;
  readonly events: readonly WatchEvent[];
  /** `gone`: 410, as the answer or as the last event. `open`: it was still there at the end of the run. */
  readonly end: "gone" | "refused" | "broken" | "closed" | "open";
}

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly item: Item }
  /** `isStart`: the state that the watch began with is complete. */
  | { readonly type: "BOOKMARK"; readonly revision: number; readonly isStart: boolean };

export interface WatchersOptions {
  readonly history: History;
  readonly random: Random;
  readonly watchers: number;
  readonly server: (random: Random) => string;
  /** Watches end when it aborts. */
  readonly signal: AbortSignal;
  /** From then on nobody breaks off by choice, so that the end of the run can be compared. */
  readonly settling: AbortSignal;
  /** The oldest revision that a watch may be begun at. */
  readonly oldest: number;
}

/** Several watch at once, quick and slow, and come back at random earlier revisions or as an informer does. Resolves with all they saw. */
export async function runWatchers(options: WatchersOptions): Promise<readonly WatchSession[]> {
  const all = Array.from({ length: options.watchers }, (_, id) => new WatchClient(id, options).run());
  return (await Promise.all(all)).flat();
}

const agent = new Agent({ keepAlive: false });

class WatchClient {
  readonly #id: number;
  readonly #options: WatchersOptions;
  readonly #sessions: WatchSession[] = [];
  /** Revisions it could come back at. */
  readonly #seen: number[] = [];

  constructor(id: number, options: WatchersOptions) {
    this.#id = id;
    this.#options = options;
    this.#seen.push(options.oldest);
  }

  async run(): Promise<readonly WatchSession[]> {
    const { signal, random } = this.#options;
    let since: number | undefined = this.#options.oldest;
    while (!signal.aborted) {
      const session = await this.#watch(since);
      this.#sessions.push(session);
      since = session.end === "gone" ? await this.#list() : this.#whereToGoOn(session);
      await sleep(session.end === "refused" ? 500 : random.between(10, 200));
    }
    return this.#sessions;
  }

  /** Mostly behind the last event, as an informer does; else from any revision, or from the state. */
  #whereToGoOn(session: WatchSession): number | undefined {
    const { random, settling } = this.#options;
    if (!settling.aborted && random.chance(0.15)) return undefined;
    if (!settling.aborted && random.chance(0.25)) return random.pick(this.#seen);
    return lastRevision(session) ?? session.since;
  }

  async #list(): Promise<number | undefined> {
    const { server, random, history } = this.#options;
    const call = history.now();
    const outcome = await ask({ method: "GET", url: `${server(random)}${collection}`, timeoutMs: 5_000 });
    if (outcome.status !== 200) return undefined;
    const revision = revisionOf(outcome.body);
    history.record({ client: this.#client, call, return: history.now(), kind: "list", outcome: "ok", revision, items: itemsOf(outcome.body) });
    return revision;
  }

  /** Ids of clients that write begin at 0. */
  get #client(): number {
    return 1000 + this.#id;
  }

  async #watch(since: number | undefined): Promise<WatchSession> {
    const { server, random, signal } = this.#options;
    const events: WatchEvent[] = [];
    const session = (end: WatchSession["end"]): WatchSession => ({ watcher: this.#id, since, events, end });
    const response = await opened(`${server(random)}${collection}?${this.#query(since)}`, signal);
    if (response === undefined) return session(signal.aborted ? "open" : "refused");
    if (response.statusCode !== 200) {
      response.resume();
      return session(response.statusCode === 410 ? "gone" : "refused");
    }
    return session(await this.#follow(response, events));
  }

  #query(since: number | undefined): string {
    const start = since === undefined ? "sendInitialEvents=true&resourceVersionMatch=NotOlderThan" : `resourceVersion=${String(since)}`;
    const seconds = this.#options.settling.aborted ? 600 : this.#options.random.between(3, 30);
    return `watch=true&allowWatchBookmarks=true&timeoutSeconds=${String(seconds)}&${start}`;
  }

  async #follow(response: IncomingMessage, events: WatchEvent[]): Promise<WatchSession["end"]> {
    const { random, settling } = this.#options;
    const pauseChance = random.chance(0.3) ? 0.01 : 0;
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
        const { type, object } = JSON.parse(line) as Json;
        if (textOf(type) === "ERROR") return Number(object?.["code"]) === 410 ? "gone" : "broken";
        this.#take(textOf(type), object ?? {}, events);
        if (settling.aborted) continue;
        // A slow reader, and one that goes in the middle.
        if (random.chance(pauseChance)) await sleep(random.between(100, 2000));
        if (random.chance(0.002)) return "closed";
      }
      return this.#endedAs("closed");
    } catch {
      return this.#endedAs("broken");
    } finally {
      response.destroy();
    }
  }

  #endedAs(end: "closed" | "broken"): WatchSession["end"] {
    return this.#options.signal.aborted ? "open" : end;
  }

  #take(type: string, object: Json, events: WatchEvent[]): void {
    if (type === "BOOKMARK") {
      const isStart = textOf(object["metadata"]?.["annotations"]?.["k8s.io/initial-events-end"]) === "true";
      events.push({ type, revision: revisionOf(object), isStart });
      return;
    }
    if (!isKey(textOf(object["metadata"]?.["name"]))) return;
    const item = itemOf(object);
    if (item === undefined || (type !== "ADDED" && type !== "MODIFIED" && type !== "DELETED")) throw new Error(`an event of type ${type}`);
    events.push({ type, item });
    this.#seen.push(item.revision);
    const { history } = this.#options;
    const now = history.now();
    history.record({ client: this.#client, call: now, return: now, kind: "seen", outcome: "ok", key: item.key, revision: item.revision });
  }
}

function lastRevision({ events }: WatchSession): number | undefined {
  const last = events.at(-1);
  if (last === undefined) return undefined;
  // Before the state is complete there is no revision to go on from.
  const isState = events[0]?.type === "ADDED" && !events.some((event) => event.type === "BOOKMARK" && event.isStart);
  if (isState) return undefined;
  return last.type === "BOOKMARK" ? last.revision : last.item.revision;
}

/** Undefined when nobody answered. */
function opened(url: string, signal: AbortSignal): Promise<IncomingMessage | undefined> {
  return new Promise((resolve) => {
    const request = send(url, { headers: { authorization: admin }, agent, signal }, resolve);
    const late = setTimeout(() => request.destroy(new Error("late")), 12_000);
    request.on("response", () => clearTimeout(late));
    request.on("error", () => {
      clearTimeout(late);
      resolve(undefined);
    });
    request.end();
  });
}
