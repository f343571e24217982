import { rmSync } from "node:fs";
import type { Random } from "../testing/random.js";
import { isAlive } from "../testing/run-process.js";
import { type StartedServer, startServer, temporaryFolder } from "../testing/start-server.js";
import { until } from "../testing/until.js";
import type { FaultyDatabase } from "./engine.js";
import { TcpProxy } from "./tcp-proxy.js";

/** A server of a run, which dies and comes back on the same data. */
export class FaultyServer {
  readonly dataPath: string;
  readonly proxy: TcpProxy | undefined;
  readonly #database: FaultyDatabase;
  readonly #environment: NodeJS.ProcessEnv;
  #server: StartedServer | undefined;
  /** The last address, also while it is down: clients do not know better. */
  url = "http://127.0.0.1:9";
  isPaused = false;
  /** What all its processes printed. */
  #printed = "";

  constructor(database: FaultyDatabase, proxy: TcpProxy | undefined, environment: NodeJS.ProcessEnv) {
    this.dataPath = temporaryFolder("faults");
    this.proxy = proxy;
    this.#database = database;
    this.#environment = environment;
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  get log(): string {
    return this.#printed + (this.#server?.log() ?? "");
  }

  /** Only this time with that environment too, such as armed failpoints. */
  async start(environment: NodeJS.ProcessEnv = {}): Promise<void> {
    // Without plugins and provisioning it starts three times as fast.
    const bare = { DATAPLANE_TEST_ROOT: this.dataPath, GF_GRAFANA_APISERVER_HISTORY_RETENTION: "24h" };
    const env = { ...bare, ...this.#database.environment(this.proxy), ...this.#environment, ...environment };
    this.#server = await startServer({ dataPath: this.dataPath, env, readyWithinMs: 120_000 });
    this.url = this.#server.url;
  }

  /** The database may be away meanwhile: then a server ends, and whoever manages it starts it again. */
  async startWhenPossible(environment: NodeJS.ProcessEnv = {}): Promise<void> {
    const end = performance.now() + 60_000;
    for (;;) {
      try {
        await this.start(environment);
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
      }
    }
  }

  /** Resolves when it ended by itself, or false when it did not within the time. */
  async dies(withinMs: number): Promise<boolean> {
    const { pid } = this.#server ?? {};
    if (pid === undefined) return false;
    return until("the server dies", () => (isAlive(pid) ? undefined : true), withinMs).catch(() => false);
  }

  async kill(): Promise<void> {
    const server = this.#gone();
    await server?.kill();
    this.#printed += server?.log() ?? "";
  }

  async stop(): Promise<void> {
    const server = this.#gone();
    await server?.stop();
    this.#printed += server?.log() ?? "";
  }

  pause(): void {
    if (this.#server === undefined) return;
    process.kill(this.#server.pid, "SIGSTOP");
    this.isPaused = true;
  }

  resume(): void {
    if (this.#server !== undefined && this.isPaused) process.kill(this.#server.pid, "SIGCONT");
    this.isPaused = false;
  }

  removeData(): void {
    rmSync(this.dataPath, { recursive: true, force: true });
  }

  #gone(): StartedServer | undefined {
    this.resume();
    const server = this.#server;
    this.#server = undefined;
    return server;
  }
}

/** The servers of one run on one database, each with a network of its own to it. */
export class FaultyServers {
  readonly all: readonly FaultyServer[];
  readonly database: FaultyDatabase;

  private constructor(database: FaultyDatabase, all: readonly FaultyServer[]) {
    this.database = database;
    this.all = all;
  }

  static async start(database: FaultyDatabase, count: number, environment: NodeJS.ProcessEnv = {}): Promise<FaultyServers> {
    const all: FaultyServer[] = [];
    for (let index = 0; index < count; index += 1) {
      const { address } = database;
      all.push(new FaultyServer(database, address === undefined ? undefined : await TcpProxy.start(address), environment));
    }
    const servers = new FaultyServers(database, all);
    await Promise.all(all.map((server) => server.startWhenPossible())).catch(async (error: unknown) => {
      await servers.stop();
      throw error;
    });
    return servers;
  }

  /** Where a request goes: any of them, dead or alive. */
  readonly pick = (random: Random): string => random.pick(this.all).url;

  /** Stops the servers; data and database stay. */
  async stopServers(): Promise<void> {
    await Promise.all(this.all.map((server) => server.stop()));
  }

  /** Everything goes. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map((server) => server.kill()));
    for (const { proxy } of this.all) await proxy?.stop();
    await this.database.stop();
    for (const server of this.all) server.removeData();
  }
}
