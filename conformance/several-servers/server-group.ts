import { rmSync } from "node:fs";
import { startPostgres, type TestPostgres } from "@dataplane/storage-sql/testing/databases";
import { type StartedServer, startServer, temporaryFolder } from "../testing/start-server.js";
import { until } from "../testing/until.js";
import { Balancer } from "./balancer.js";

export interface GroupOptions {
  readonly size: number;
  /** More environment, for all. */
  readonly env?: NodeJS.ProcessEnv;
  /** Before the first start of each, in its data folder. */
  readonly prepare?: (index: number, dataPath: string) => void;
}

/** Servers on one PostgreSQL of their own, behind a balancer. */
export class ServerGroup {
  readonly postgres: TestPostgres;
  readonly balancer: Balancer;
  readonly #env: NodeJS.ProcessEnv;
  readonly #folders: readonly string[];
  readonly #servers: (StartedServer | undefined)[] = [];

  private constructor(postgres: TestPostgres, balancer: Balancer, env: NodeJS.ProcessEnv, folders: readonly string[]) {
    this.postgres = postgres;
    this.balancer = balancer;
    this.#env = env;
    this.#folders = folders;
  }

  /** Undefined where PostgreSQL is not installed. */
  static async start({ size, env = {}, prepare }: GroupOptions): Promise<ServerGroup | undefined> {
    const postgres = await startPostgres();
    if (postgres === undefined) return undefined;
    const database = { GF_DATABASE_URL: postgres.url(await postgres.createDatabase()), GF_SECURITY_SECRET_KEY: "k".repeat(40) };
    const folders = Array.from({ length: size }, (_, index) => temporaryFolder(`several-${index}`));
    const group = new ServerGroup(postgres, await Balancer.start(), { ...database, GF_SERVER_SHUTDOWN_DELAY: "2s", ...env }, folders);
    for (const [index, folder] of folders.entries()) {
      prepare?.(index, folder);
      await group.begin(index);
    }
    return group;
  }

  get size(): number {
    return this.#folders.length;
  }

  at(index: number): StartedServer {
    const server = this.#servers[index];
    if (server === undefined) throw new Error(`server ${index} is down`);
    return server;
  }

  async begin(index: number): Promise<void> {
    const server = await startServer({ dataPath: this.#folders[index] ?? "", env: this.#env });
    this.#servers[index] = server;
    this.balancer.set(String(index), server.url);
    const up = this.#servers.filter((it) => it !== undefined).length;
    await until("the balancer knows it", () => (this.balancer.ready >= up ? true : undefined));
  }

  async stop(index: number): Promise<void> {
    const end = await this.at(index).stop();
    this.#servers[index] = undefined;
    if (end.code !== 0) throw new Error(`server ${index} ended with ${String(end.code ?? end.signal)}`);
  }

  async kill(index: number): Promise<void> {
    await this.at(index).kill();
    this.#servers[index] = undefined;
  }

  async end(): Promise<void> {
    await Promise.all(this.#servers.flatMap((server) => server?.stop() ?? []));
    this.balancer.close();
    await this.postgres.stop();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}
