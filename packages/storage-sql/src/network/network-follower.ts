import { failureKind } from "./network-calls.js";
import type { NetworkDialect, SqlConnection, SqlNotifications } from "./network-dialect.js";
import { inTime } from "./network-pool.js";
import { counter } from "./network-sql.js";

/** Told a revision that the database has reached, or nothing: then it is to look. Resolves to whether that was news. */
export type OnNews = (revision: bigint | undefined) => Promise<boolean>;

export interface NetworkFollowerOptions {
  readonly dialect: NetworkDialect;
  readonly onNews: OnNews;
}

// Between two looks where the database does not tell: at first after something happened, and at most.
const shortestPause = 5;
const longestPause = 40;
/** A connection that listens is asked now and then whether it still does, in milliseconds. */
const heartbeat = 2_000;
const answerTime = 3_000;
const retryPause = 250;
/** So many looks must find what no notification told, before notifications are taken for broken. */
const mostMissed = 3;

/** Hears of the writes of others: by notification where the database sends them, else by looking. */
export class NetworkFollower {
  readonly #dialect: NetworkDialect;
  readonly #onNews: OnNews;
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;
  #missed = 0;
  #wake: () => void = () => undefined;

  constructor({ dialect, onNews }: NetworkFollowerOptions) {
    this.#dialect = dialect;
    this.#onNews = onNews;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { notifications } = this.#dialect;
    while (!this.#ending.signal.aborted && notifications !== undefined && this.#missed < mostMissed) {
      if (!(await this.#listen(notifications))) break;
      // Nobody tells until it listens again.
      await this.#look();
      await this.#pause(retryPause);
    }
    await this.#poll();
  }

  /** Until the connection breaks; false when the database does not know how to listen. */
  async #listen(notifications: SqlNotifications): Promise<boolean> {
    let connection: SqlConnection | undefined;
    try {
      connection = await this.#connect();
      let told = 0n;
      const hear = (revision: number): void => {
        told = BigInt(revision);
        void this.#onNews(told).catch(() => undefined);
      };
      const listening = notifications.listen(connection, hear, () => this.#wake());
      await inTime(performance.now() + answerTime, listening, () => undefined);
      await this.#stayWith(connection, () => told);
      return true;
    } catch (error) {
      return failureKind(this.#dialect, error) !== "other";
    } finally {
      await connection?.close().catch(() => undefined);
    }
  }

  async #stayWith(connection: SqlConnection, told: () => bigint): Promise<void> {
    await this.#look();
    const isWell = (): boolean => !this.#ending.signal.aborted && connection.isUsable && this.#missed < mostMissed;
    while (isWell()) {
      const before = told();
      await this.#pause(heartbeat);
      if (!isWell()) return;
      const isNews = await this.#look();
      // Something happened, and in all that time nothing was told.
      this.#missed = isNews && told() === before ? this.#missed + 1 : 0;
      await inTime(performance.now() + answerTime, connection.query(counter), () => undefined);
    }
  }

  async #connect(): Promise<SqlConnection> {
    const connecting = this.#dialect.connect();
    return inTime(performance.now() + answerTime, connecting, () => void connecting.then((late) => late.close()).catch(() => undefined));
  }

  async #poll(): Promise<void> {
    let pause = shortestPause;
    while (!this.#ending.signal.aborted) {
      const isNews = await this.#look();
      pause = isNews ? shortestPause : Math.min(longestPause, pause * 1.25);
      await this.#pause(pause);
    }
  }

  /** A database that is away is told of by others; here the next look tries again. */
  #look(): Promise<boolean> {
    return this.#onNews(undefined).catch(() => false);
  }

  /** Shorter when something breaks meanwhile, or this is closed. */
  async #pause(ms: number): Promise<void> {
    if (this.#ending.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
