import type { Socket } from "node:net";
import { type Clock, LinkedAbort, type Logger } from "@dataplane/meta";
import type { ListenerName, Question, ToWorker, WorkerStart } from "./messages.js";
import { WorkerChild } from "./worker-child.js";

export interface WorkerPoolOptions {
  readonly size: number;
  /** What a worker's process runs, and its environment. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  /** What a worker is told when it starts: the world as it is then. */
  readonly start: () => WorkerStart;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A worker that lives this long is sound: what was before does not count. */
const soundAfterMs = 10_000;
const longestPauseMs = 30_000;
/** How long a new worker may take to serve before the one it is to replace ends all the same. */
const startPatienceMs = 30_000;

type Returned = (socket: Socket) => void;

/** Keeps `size` workers running: one that ends is started again, at once the first time, then after 1, 2, 4 ... 30 s. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  /** One a place, and beside it the one that it replaces. */
  readonly #children = new Set<WorkerChild>();
  readonly #returned = new Map<ListenerName, Returned>();
  readonly #stopping = new LinkedAbort();
  readonly #places: Promise<void>[] = [];
  readonly #current: (WorkerChild | undefined)[] = [];
  readonly #ends = new Set<(child: WorkerChild) => void>();
  #rolling: Promise<void> = Promise.resolve();
  #restarts = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Does not wait. */
  start(): void {
    for (let place = 0; place < this.#options.size; place += 1) this.#places.push(this.#keep(place));
  }

  /** Those that serve now. */
  get ready(): number {
    return this.#serving().length;
  }

  /** Starts after the first ones. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when each worker serves, or has ended, at the latest after `patienceMs`. */
  async settled(patienceMs: number): Promise<void> {
    const enough = new LinkedAbort(this.#stopping.signal);
    const settled = Promise.all([...this.#children].map((child) => child.settled()));
    await Promise.race([settled, this.#options.clock.sleep(patienceMs, enough.signal).catch(() => undefined)]);
    enough.abort();
  }

  /** To the worker with the fewest connections. False when there is none. */
  give(listener: ListenerName, socket: Socket): boolean {
    const [first, ...others] = this.#serving();
    if (first === undefined) return false;
    others.reduce((fewest, child) => (child.connections < fewest.connections ? child : fewest), first).give(listener, socket);
    return true;
  }

  /** Who takes the connections of that listener that a worker died with. */
  onReturned(listener: ListenerName, take: Returned): () => void {
    this.#returned.set(listener, take);
    return () => void this.#returned.delete(listener);
  }

  onEnd(listener: (child: WorkerChild) => void): void {
    this.#ends.add(listener);
  }

  tell(message: ToWorker): void {
    for (const child of this.#children) child.tell(message);
  }

  /** Answers of those that serve, or still finish what they have, and gave one in time. */
  async ask(question: Question, withinMs: number): Promise<readonly (readonly [WorkerChild, string])[]> {
    const answers = await Promise.all(
      [...this.#children]
        .filter((child) => child.isReady || child.isLeaving)
        .map(async (child) => [child, await child.ask(question, withinMs)] as const),
    );
    return answers.flatMap(([child, text]) => (text === undefined ? [] : [[child, text] as const]));
  }

  /** Replaces each worker, one after the other: the new one serves before the old one ends, and no request fails. */
  roll(): Promise<void> {
    this.#rolling = this.#rolling.then(async () => {
      for (let place = 0; place < this.#options.size; place += 1) await this.#replace(place);
    });
    return this.#rolling;
  }

  drain(): void {
    this.tell({ type: "drain" });
  }

  /** All end when their connections are done; resolves then. */
  async leave(): Promise<void> {
    this.#stopping.abort();
    for (const child of this.#children) child.leave();
    await Promise.all([...this.#places, ...[...this.#children].map((child) => child.ended)]);
  }

  kill(): void {
    this.#stopping.abort();
    for (const child of this.#children) child.kill();
  }

  #serving(): readonly WorkerChild[] {
    return [...this.#children].filter((child) => child.isReady);
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #keep(place: number): Promise<void> {
    const { clock } = this.#options;
    let ends = 0;
    while (!this.#isStopping()) {
      const child = this.#current[place] ?? this.#fork();
      this.#current[place] = child;
      const begun = clock.now().getTime();
      await child.ended;
      // It was replaced: another one has its place.
      if (this.#current[place] !== child) continue;
      this.#current[place] = undefined;
      ends = child.wasAsked || clock.now().getTime() - begun >= soundAfterMs ? 0 : ends + 1;
      if (this.#isStopping()) return;
      this.#restarts += 1;
      if (ends > 1) await clock.sleep(Math.min(longestPauseMs, 1000 * 2 ** (ends - 2)), this.#stopping.signal).catch(() => undefined);
    }
  }

  async #replace(place: number): Promise<void> {
    const before = this.#current[place];
    if (before === undefined || this.#isStopping()) return;
    const { clock } = this.#options;
    const next = this.#fork();
    const enough = new LinkedAbort(this.#stopping.signal);
    await Promise.race([next.settled(), clock.sleep(startPatienceMs, enough.signal).catch(() => undefined)]);
    enough.abort();
    // A new one that does not come up is no reason to end what serves.
    if (!next.isReady) {
      next.kill();
      return;
    }
    this.#restarts += 1;
    this.#current[place] = next;
    before.leave();
    await before.ended;
  }

  #fork(): WorkerChild {
    const { file, env, start, logger } = this.#options;
    const child: WorkerChild = new WorkerChild({
      ...{ file, env, logger, start: start() },
      onChange: () => {
        if (child.isReady) logger.info({ pid: child.pid }, "a worker is ready");
      },
      onReturned: (listener, socket) => {
        const take = this.#returned.get(listener);
        if (take === undefined) socket.destroy();
        else take(socket);
      },
    });
    this.#children.add(child);
    void child.ended.then(() => {
      this.#children.delete(child);
      for (const listener of this.#ends) listener(child);
    });
    return child;
  }
}
