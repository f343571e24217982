import type { SqlConnection } from "./network-dialect.js";

/** The database did not answer in time, or its connection broke: what was under way may have happened. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

export interface ConnectionPoolOptions {
  readonly connect: () => Promise<SqlConnection>;
  /** Connections open at once. */
  readonly most: number;
}

interface Waiting {
  readonly resolve: (connection: SqlConnection | undefined) => void;
}

/** Connections to one database: made when needed, kept while they work, left when one is silent. */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #idle: SqlConnection[] = [];
  readonly #all = new Set<SqlConnection>();
  readonly #waiting: Waiting[] = [];
  #open = 0;
  #closed = false;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` on a connection that nobody else uses meanwhile; rejects with what `work` or connecting rejects with, ConnectionLost when there is no
   * connection within `ms`. When the time is over within `work`, the connection is closed and its calls reject: only `work` knows what that means to it.
   */
  async use<T>(ms: number, work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    const end = performance.now() + ms;
    const connection = await this.#acquire(end);
    const timer = setTimeout(() => void connection.close().catch(() => undefined), Math.max(0, end - performance.now()));
    try {
      return await work(connection);
    } finally {
      clearTimeout(timer);
      this.#release(connection);
    }
  }

  /** Closes those that nobody uses: the next calls make new ones. */
  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) this.#drop(connection);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
    await Promise.allSettled([...this.#all].map((connection) => connection.close()));
  }

  async #acquire(end: number): Promise<SqlConnection> {
    for (;;) {
      if (this.#closed) throw new ConnectionLost("the store is closed");
      const idle = this.#idle.pop();
      if (idle?.isUsable === true) return idle;
      if (idle !== undefined) this.#drop(idle);
      else if (this.#open < this.#options.most) return this.#connect(end);
      else {
        const given = await this.#wait(end);
        if (given !== undefined) return given;
      }
    }
  }

  async #connect(end: number): Promise<SqlConnection> {
    this.#open += 1;
    let isLate = false;
    const connecting = this.#options.connect();
    try {
      const connection = await inTime(end, connecting, () => {
        isLate = true;
      });
      if (this.#closed) isLate = true;
      else this.#all.add(connection);
      if (isLate) throw new ConnectionLost("the store is closed");
      return connection;
    } catch (thrown) {
      this.#left();
      throw thrown;
    } finally {
      // One that comes when nobody waits for it any more.
      if (isLate) void connecting.then((connection) => connection.close()).catch(() => undefined);
    }
  }

  async #wait(end: number): Promise<SqlConnection | undefined> {
    let waiting: Waiting | undefined;
    const given = new Promise<SqlConnection | undefined>((resolve) => {
      waiting = { resolve };
      this.#waiting.push(waiting);
    });
    return inTime(end, given, () => {
      const index = this.#waiting.findIndex((each) => each === waiting);
      if (index >= 0) this.#waiting.splice(index, 1);
      else void given.then((connection) => connection !== undefined && this.#release(connection));
    });
  }

  #release(connection: SqlConnection): void {
    if (!connection.isUsable || this.#closed) {
      this.#drop(connection);
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next.resolve(connection);
  }

  #drop(connection: SqlConnection): void {
    this.#all.delete(connection);
    void connection.close().catch(() => undefined);
    this.#left();
  }

  /** There is room for another: the one who waits longest may make it. */
  #left(): void {
    this.#open -= 1;
    this.#waiting.shift()?.resolve(undefined);
  }
}

/** What `promise` gives, or ConnectionLost after `end` on the clock of `performance`; `late` is called then, and what comes later is dropped. */
export async function inTime<T>(end: number, promise: Promise<T>, late: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        reject(new ConnectionLost("the database does not answer"));
        late();
      },
      Math.max(0, end - performance.now()),
    );
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
    // Its failure was told by the timeout.
    promise.catch(() => undefined);
  }
}
