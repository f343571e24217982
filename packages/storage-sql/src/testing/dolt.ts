import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectMysql } from "../dialects/mysql-connection.js";
import { findProgram } from "./programs.js";
import { freePort, ServerProcess } from "./server-process.js";

/** A Dolt server of a test's own, which speaks MySQL 8's protocol. */
export interface TestDolt {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Makes an empty database and gives its name. */
  createDatabase(): Promise<string>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const tools = fileURLToPath(new URL("../../../../.cache/tools", import.meta.url));

/** Undefined where it was not built (conformance/build-tools.sh). */
export async function startDolt(): Promise<TestDolt | undefined> {
  const program = await findProgram("dolt", [tools]);
  if (program === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "dataplane-dolt-"));
  const port = await freePort();
  const [host, user] = ["127.0.0.1", "root"];
  const configuration = join(folder, "server.yaml");
  await writeFile(
    configuration,
    `log_level: info\nlistener:\n  host: ${host}\n  port: ${String(port)}\ndata_dir: ${folder}\ncfg_dir: ${folder}/cfg\n`,
  );
  const server = new ServerProcess({
    program,
    arguments: ["sql-server", "--config", configuration],
    readyText: "Server ready",
    // Its own files, and no reports of its use.
    environment: { HOME: folder, DOLT_ROOT_PATH: folder, DOLT_DISABLE_EVENT_FLUSH: "true" },
  });
  await server.start();
  let databases = 0;
  return {
    host,
    port,
    user,
    createDatabase: async () => {
      databases += 1;
      const name = `test_${String(databases)}`;
      const connection = await connectMysql({ host, port, user, database: "information_schema" });
      await connection.query(`CREATE DATABASE ${name}`);
      await connection.close();
      return name;
    },
    kill: () => server.end("SIGKILL"),
    restart: async () => {
      await server.end("SIGTERM");
      await server.start();
    },
    stop: async () => {
      await server.end("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
