import { HttpClient } from "./http-client.js";

const namespace = "default";
const maps = `/api/v1/namespaces/${namespace}/configmaps`;
const queryPath = "/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/query";

export interface LoadReport {
  readonly creates: number;
  readonly reads: number;
  readonly queries: number;
  readonly events: number;
  readonly watches: number;
  /** What went wrong, in words. */
  readonly failures: readonly string[];
}

interface Created {
  readonly name: string;
  readonly revision: bigint;
}

interface WatchEvent {
  readonly type: string;
  readonly object: { readonly kind?: string; readonly metadata: { readonly name: string; readonly resourceVersion: string }; readonly code?: number };
}

/** Writes, reads of what was written, queries and watches, all through one address; every failure is kept. */
export class Load {
  readonly #url: string;
  readonly #label: string;
  readonly #stop = new AbortController();
  readonly #failures: string[] = [];
  readonly #created: Created[] = [];
  readonly #seen: Created[][] = [];
  readonly #asking: Promise<void>[] = [];
  readonly #watching: Promise<void>[] = [];
  #over = false;
  #reads = 0;
  #queries = 0;
  #watches = 0;

  constructor(url: string, label: string) {
    this.#url = url;
    this.#label = label;
  }

  async start({ writers, queriers, watchers }: { readonly writers: number; readonly queriers: number; readonly watchers: number }): Promise<void> {
    const client = new HttpClient(this.#url);
    const { text } = await client.call("GET", `${maps}?labelSelector=load=${this.#label}`);
    client.close();
    const { metadata } = JSON.parse(text) as { readonly metadata: { readonly resourceVersion: string } };
    for (let index = 0; index < watchers; index += 1) this.#watching.push(this.#watch(metadata.resourceVersion));
    for (let index = 0; index < writers; index += 1) this.#asking.push(this.#write(index));
    for (let index = 0; index < queriers; index += 1) this.#asking.push(this.#query());
  }

  /** Resolves when all that was written was seen by each watch, or `withinMs` passed. */
  async end(withinMs = 10_000): Promise<LoadReport> {
    this.#stop.abort();
    await Promise.all(this.#asking);
    const end = performance.now() + withinMs;
    const isWhole = (): boolean => this.#seen.every((events) => events.length >= this.#created.length);
    while (!isWhole() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
    this.#over = true;
    await Promise.all(this.#watching);
    for (const [index, events] of this.#seen.entries()) this.#judge(index, events);
    const events = this.#seen.reduce((sum, { length }) => sum + length, 0);
    return { creates: this.#created.length, reads: this.#reads, queries: this.#queries, events, watches: this.#watches, failures: this.#failures };
  }

  #isOver(): boolean {
    return this.#over;
  }

  #fail(what: string, thrown: unknown): void {
    this.#failures.push(`${what}: ${thrown instanceof Error ? `${thrown.message} ${"code" in thrown ? String(thrown.code) : ""}` : String(thrown)}`);
  }

  /** Creates, and reads by another connection, which may end at another server. */
  async #write(writer: number): Promise<void> {
    const [client, other] = [new HttpClient(this.#url), new HttpClient(this.#url)];
    let number = 0;
    while (!this.#stop.signal.aborted) {
      number += 1;
      const name = `${this.#label}-${writer}-${number}`;
      try {
        const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { load: this.#label } }, data: { number: String(number) } };
        const made = await client.call("POST", maps, body);
        if (made.status !== 201) throw new Error(`create ${made.status} ${made.text.slice(0, 200)}`);
        const { metadata } = JSON.parse(made.text) as { readonly metadata: { readonly resourceVersion: string } };
        this.#created.push({ name, revision: BigInt(metadata.resourceVersion) });
        const read = await other.call("GET", `${maps}/${name}`);
        if (read.status !== 200) throw new Error(`read ${read.status} ${read.text.slice(0, 200)}`);
        this.#reads += 1;
      } catch (thrown) {
        this.#fail(name, thrown);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.close();
    other.close();
  }

  async #query(): Promise<void> {
    const client = new HttpClient(this.#url);
    while (!this.#stop.signal.aborted) {
      try {
        const { status, text } = await client.call("POST", queryPath, { queries: [{ refId: "A", scenarioId: "random_walk" }] });
        if (status !== 200 || !text.includes('"frames"')) throw new Error(`query ${status} ${text.slice(0, 200)}`);
        this.#queries += 1;
      } catch (thrown) {
        this.#fail("query", thrown);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.close();
  }

  /** As an informer: from the last revision on, again whenever the server ends it. */
  async #watch(from: string): Promise<void> {
    const client = new HttpClient(this.#url);
    const events: Created[] = [];
    this.#seen.push(events);
    let revision = from;
    while (!this.#over) {
      try {
        const path = `${maps}?watch=1&allowWatchBookmarks=true&labelSelector=load=${this.#label}&resourceVersion=${revision}`;
        const answer = await client.open("GET", path);
        this.#watches += 1;
        if (answer.statusCode !== 200) throw new Error(`watch ${answer.statusCode ?? 0}`);
        const timer = setInterval(() => {
          if (this.#over) answer.destroy();
        }, 50);
        let rest = "";
        try {
          for await (const piece of answer) {
            const lines = (rest + String(piece)).split("\n");
            rest = lines.pop() ?? "";
            for (const line of lines) revision = noted(JSON.parse(line) as WatchEvent, events) ?? revision;
          }
        } finally {
          clearInterval(timer);
        }
      } catch (thrown) {
        if (!this.#isOver()) this.#fail("watch", thrown);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    client.close();
  }

  /** In order, each once, none left out. */
  #judge(index: number, events: readonly Created[]): void {
    const names = new Set(events.map(({ name }) => name));
    if (names.size !== events.length) this.#failures.push(`watch ${index}: ${events.length - names.size} events came twice`);
    const lost = this.#created.filter(({ name }) => !names.has(name));
    if (lost.length > 0) this.#failures.push(`watch ${index}: lost ${lost.map(({ name }) => name).join(", ")}`);
    for (const [at, { revision }] of events.entries()) {
      const before = events[at - 1];
      if (before !== undefined && before.revision >= revision) this.#failures.push(`watch ${index}: ${revision} came after ${before.revision}`);
    }
  }
}

/** Where to go on from. Throws for an event that tells of an error. */
function noted({ type, object }: WatchEvent, events: Created[]): string | undefined {
  if (type === "ERROR") throw new Error(`the watch told of ${JSON.stringify(object)}`);
  const { name, resourceVersion } = object.metadata;
  if (type === "ADDED") events.push({ name, revision: BigInt(resourceVersion) });
  return resourceVersion;
}
