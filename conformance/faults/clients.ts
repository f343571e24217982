import { setTimeout as sleep } from "node:timers/promises";
import type { Json } from "../testing/call.js";
import type { Random } from "../testing/random.js";
import { collection, itemOf, itemsOf, keys, revisionOf, textOf } from "./config-maps.js";
import type { History, Item, Operation } from "./history.js";
import { ask, type Outcome } from "./request.js";

export interface ClientsOptions {
  readonly history: History;
  readonly random: Random;
  readonly clients: number;
  /** The address of a server that a request may go to now. */
  readonly server: (random: Random) => string;
  readonly signal: AbortSignal;
  /** Milliseconds that a client waits between two requests, on average. */
  readonly pauseMs: number;
}

/** Some read and write the same few objects at once, each as fast as it is answered, until the signal aborts. */
export async function runClients(options: ClientsOptions): Promise<void> {
  const known: Known = new Map();
  await Promise.all(Array.from({ length: options.clients }, (_, id) => new Client(id, options, known).run()));
}

/** The newest revision of each object that any of them was told, so that most writes meet what they expect; 0: it is not there. */
type Known = Map<string, number>;

const weights = { create: 18, update: 30, patch: 8, delete: 12, get: 22, list: 6, paged: 2, snapshot: 2 } as const;
const timeoutMs = 12_000;

type Told = Pick<Operation, "outcome" | "revision" | "value" | "items">;

class Client {
  readonly #id: number;
  readonly #options: ClientsOptions;
  readonly #random: Random;
  readonly #known: Known;
  #written = 0;
  /** The last request was refused for want of a server. */
  #isRefused = false;

  constructor(id: number, options: ClientsOptions, known: Known) {
    this.#id = id;
    this.#options = options;
    this.#random = options.random;
    this.#known = known;
  }

  async run(): Promise<void> {
    const { signal, pauseMs } = this.#options;
    while (!signal.aborted) {
      await this.#act();
      await sleep(this.#random.next() * 2 * (this.#isRefused ? 300 : pauseMs));
    }
  }

  #act(): Promise<void> {
    const key = this.#random.pick(keys);
    const kind = this.#random.weighted(weights);
    switch (kind) {
      case "list":
        return this.#list("list", "", undefined);
      case "paged":
        return this.#paged();
      case "snapshot":
        return this.#snapshot();
      case "get":
        return this.#one({ kind, key }, { method: "GET", path: `/${key}` });
      case "create": {
        const value = this.#newValue();
        return this.#one({ kind, key, value }, { method: "POST", path: "", body: configMap(key, value) });
      }
      case "patch": {
        const value = this.#newValue();
        return this.#one(
          { kind: "update", key, value },
          { method: "PATCH", path: `/${key}`, body: { data: { value } }, contentType: "application/merge-patch+json" },
        );
      }
      case "update": {
        const value = this.#newValue();
        const expected = this.#expectation(key, 0.8);
        return this.#one({ kind, key, value, ...expected }, { method: "PUT", path: `/${key}`, body: configMap(key, value, expected.expected) });
      }
      case "delete": {
        const expected = this.#expectation(key, 0.9);
        const body = expected.expected === undefined ? {} : { preconditions: { resourceVersion: String(expected.expected) } };
        return this.#one({ kind, key, ...expected }, { method: "DELETE", path: `/${key}`, body });
      }
    }
  }

  #newValue(): string {
    this.#written += 1;
    return `${String(this.#id)}-${String(this.#written)}`;
  }

  /** The revision that it knows, mostly. */
  #expectation(key: string, probability: number): { readonly expected?: number } {
    const known = this.#known.get(key) ?? 0;
    return known > 0 && this.#random.chance(probability) ? { expected: known } : {};
  }

  async #ask(method: string, path: string, more: { readonly body?: object; readonly contentType?: string } = {}): Promise<Outcome> {
    const outcome = await ask({ method, url: `${this.#options.server(this.#random)}${collection}${path}`, timeoutMs, ...more });
    this.#isRefused = !outcome.isSent || outcome.status === 503;
    return outcome;
  }

  async #one(
    operation: Pick<Operation, "kind" | "expected" | "value"> & { readonly key: string },
    request: { readonly method: string; readonly path: string; readonly body?: object; readonly contentType?: string },
  ): Promise<void> {
    const { history } = this.#options;
    const { method, path, ...more } = request;
    const call = history.now();
    const outcome = await this.#ask(method, path, more);
    const told = toldBy(operation, outcome);
    this.#complain(`${method} ${operation.key}`, outcome);
    this.#learn(operation.key, told);
    history.record({ client: this.#id, call, ...returned(told, history.now()), ...operation, ...told });
  }

  #learn(key: string, { outcome, revision }: Told): void {
    if (outcome === "missing") this.#known.set(key, 0);
    else if (revision !== undefined) this.#known.set(key, Math.max(revision, this.#known.get(key) ?? 0));
  }

  async #list(kind: "list" | "snapshot", query: string, expected: number | undefined): Promise<void> {
    const { history } = this.#options;
    const call = history.now();
    const outcome = await this.#ask("GET", query);
    this.#complain(`list${query}`, outcome);
    if (outcome.status !== 200) return;
    this.#recordList(kind, call, revisionOf(outcome.body), itemsOf(outcome.body), expected);
  }

  #recordList(kind: "list" | "snapshot", call: number, revision: number, items: readonly Item[], expected?: number): void {
    const { history } = this.#options;
    for (const { key, revision: at } of items) this.#learn(key, { outcome: "ok", revision: at });
    const asked = expected === undefined ? {} : { expected };
    history.record({ client: this.#id, call, return: history.now(), kind, outcome: "ok", revision, items, ...asked });
  }

  /** Page by page, at any server: one list, at the revision of the first page. */
  async #paged(): Promise<void> {
    const call = this.#options.history.now();
    const items: Item[] = [];
    let revision: number | undefined;
    let token = "";
    do {
      const outcome = await this.#ask("GET", `?limit=3${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`);
      this.#complain("page", outcome);
      if (outcome.status !== 200) return;
      const page = revisionOf(outcome.body);
      revision ??= page;
      if (page !== revision) this.#options.history.unexpected.push(`pages of one list at revisions ${String(revision)} and ${String(page)}`);
      items.push(...itemsOf(outcome.body));
      token = textOf(outcome.body["metadata"]?.["continue"]);
    } while (token !== "");
    this.#recordList("list", call, revision, items);
  }

  /** A list that may be old: whatever is there, not older than something known, or exactly that. */
  #snapshot(): Promise<void> {
    const known = Math.max(0, ...this.#known.values());
    if (known === 0 || this.#random.chance(0.3)) return this.#list("snapshot", "?resourceVersion=0", 0);
    const match = this.#random.pick(["NotOlderThan", "Exact"]);
    return this.#list("snapshot", `?resourceVersion=${String(known)}&resourceVersionMatch=${match}`, known);
  }

  /** An answer that no fault excuses. 504 of a list at a revision that a server has not reached is one of Kubernetes' own. */
  #complain(what: string, outcome: Outcome): void {
    if (outcome.status === 0 || outcome.status < 400 || excused.has(outcome.status)) return;
    this.#options.history.unexpected.push(`${what}: ${String(outcome.status)} ${JSON.stringify(outcome.body).slice(0, 300)}`);
  }
}

const excused = new Set([404, 409, 410, 429, 503, 504]);

const configMap = (name: string, value: string, expected?: number): object => ({
  metadata: { name, ...(expected === undefined ? {} : { resourceVersion: String(expected) }) },
  data: { value },
});

const returned = ({ outcome }: Told, now: number): { readonly return?: number } => (outcome === "unknown" ? {} : { return: now });

function toldBy(operation: Pick<Operation, "kind" | "expected">, outcome: Outcome): Told {
  if (outcome.status === 0) return { outcome: outcome.isSent ? "unknown" : "failed" };
  const { status, body } = outcome;
  if (status < 300) return succeeded(operation, body);
  if (status === 404) return { outcome: "missing" };
  if (status === 409) return conflict(operation, body);
  // These two promise that nothing was written; of anything else nobody knows.
  return { outcome: status === 429 || status === 503 ? "failed" : "unknown" };
}

function succeeded({ kind }: Pick<Operation, "kind">, body: Json): Told {
  if (kind === "delete") return { outcome: "ok" };
  const item = itemOf(body);
  if (item === undefined) return { outcome: "unknown" };
  return { outcome: "ok", revision: item.revision, value: item.value };
}

/** A write without an expectation that lost every race tells nothing of the object. */
function conflict({ kind, expected }: Pick<Operation, "kind" | "expected">, body: Json): Told {
  if (kind === "create") return { outcome: textOf(body["reason"]) === "AlreadyExists" ? "exists" : "failed" };
  return { outcome: expected === undefined ? "failed" : "conflict" };
}
