import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { type Account, accountOf, findProgram } from "./programs.js";
import { freePort, ServerProcess } from "./server-process.js";
import { issueTestCertificate } from "./test-certificate.js";

const run = promisify(execFile);

export interface PostgresServerOptions {
  /** Connections must be encrypted; `caFile` is the certificate's authority. Off unless told. */
  readonly tls?: boolean;
  /** What the server is told besides, such as `-c`, `max_connections=20`. */
  readonly arguments?: readonly string[];
}

/** A PostgreSQL server of a test's own; commits are on the disk before they are answered, as in production. */
export interface TestPostgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** PEM file; with TLS only. */
  readonly caFile: string | undefined;
  /** `postgres://…` of a database; without TLS' settings. */
  url(database: string): string;
  /** Makes an empty database and gives its name; its tables are in `folder` where one is told. */
  createDatabase(folder?: string): Promise<string>;
  /** Runs one statement as the administrator, in that database or in none of the stores'. */
  sql(statement: string, database?: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** SIGKILL of all its processes; resolves when they are gone. */
  kill(): Promise<void>;
  /** SIGSTOP of all its processes: it keeps its connections and answers nothing. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts it again on the same data and port, after `kill` or, with a fast shutdown before, while it runs. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const credentials = { user: "dataplane", password: 'it\'s %41 "test"' } as const;
const administrator = "postgres";

/** Undefined where PostgreSQL is not installed. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<TestPostgres | undefined> {
  const folders = await programFolders();
  const [program, initdb] = await Promise.all([findProgram("postgres", folders), findProgram("initdb", folders)]);
  if (program === undefined || initdb === undefined) return undefined;
  const server = await Postgres.prepare({ ...options, program, initdb });
  await server.restart();
  await server.sql(`CREATE USER ${credentials.user} PASSWORD '${credentials.password.replaceAll("'", "''")}'`);
  return server;
}

interface Parts {
  readonly folder: string;
  /** Whose files and process they are; undefined: who runs the test. */
  readonly account: Account | undefined;
  readonly port: number;
  readonly process: ServerProcess;
  readonly caFile: string | undefined;
}

class Postgres implements TestPostgres {
  readonly host = "127.0.0.1";
  readonly user = credentials.user;
  readonly password = credentials.password;
  readonly port: number;
  readonly caFile: string | undefined;
  readonly #folder: string;
  readonly #account: Account | undefined;
  readonly #process: ServerProcess;
  #databases = 0;

  private constructor({ folder, account, port, process, caFile }: Parts) {
    this.#folder = folder;
    this.#account = account;
    this.port = port;
    this.#process = process;
    this.caFile = caFile;
  }

  static async prepare(options: PostgresServerOptions & { readonly program: string; readonly initdb: string }): Promise<Postgres> {
    const folder = await mkdtemp(join(tmpdir(), "dataplane-postgres-"));
    // It refuses to run as root.
    const account = process.getuid?.() === 0 ? await accountOf("postgres") : undefined;
    if (account !== undefined) await chown(folder, account.uid, account.gid);
    const asAccount = account === undefined ? [] : ["setpriv", `--reuid=${String(account.uid)}`, `--regid=${String(account.gid)}`, "--clear-groups"];
    const making = [...asAccount, options.initdb, "-D", join(folder, "data"), "-U", administrator, "-E", "UTF8", "--locale=C", "--no-sync"];
    await run(making[0] ?? "", making.slice(1));
    const certificate = options.tls === true ? await issueCertificate(folder, account) : undefined;
    await writeFile(
      join(folder, "hba"),
      `local all ${administrator} trust\n${certificate === undefined ? "host" : "hostssl"} all all 127.0.0.1/32 scram-sha-256\n`,
    );
    const port = await freePort();
    const starting = [...asAccount, options.program, ...commandLine(folder, port), ...settings(certificate ?? {}), ...(options.arguments ?? [])];
    const server = new ServerProcess({
      program: starting[0] ?? "",
      arguments: starting.slice(1),
      readyText: "database system is ready to accept connections",
    });
    return new Postgres({ folder, account, port, process: server, caFile: certificate?.ssl_cert_file });
  }

  url(database: string): string {
    return `postgres://${this.user}:${encodeURIComponent(this.password)}@${this.host}:${String(this.port)}/${database}`;
  }

  async createDatabase(folder?: string): Promise<string> {
    this.#databases += 1;
    const name = `test_${String(this.#databases)}`;
    if (folder !== undefined) {
      const location = await mkdtemp(join(folder, "tablespace-"));
      if (this.#account !== undefined) {
        await chmod(folder, 0o755);
        await chown(location, this.#account.uid, this.#account.gid);
      }
      await this.sql(`CREATE TABLESPACE ${name} LOCATION '${location}'`);
    }
    await this.sql(`CREATE DATABASE ${name} OWNER ${this.user}${folder === undefined ? "" : ` TABLESPACE ${name}`}`);
    return name;
  }

  async sql(statement: string, database = "postgres"): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = new Client({ host: this.#folder, port: this.port, user: administrator, database });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  async kill(): Promise<void> {
    await this.#signalOthers("SIGKILL");
    await this.#process.end("SIGKILL");
    // Those that came into being meanwhile end when they miss their parent; the next server does not start before.
    await rm(join(this.#folder, "data", "postmaster.pid"), { force: true });
  }

  async pause(): Promise<void> {
    await this.#process.pause();
    await this.#signalOthers("SIGSTOP");
  }

  async resume(): Promise<void> {
    await this.#signalOthers("SIGCONT");
    this.#process.resume();
  }

  async restart(): Promise<void> {
    // A fast shutdown: clients are disconnected.
    await this.#process.end("SIGINT");
    await this.#process.start();
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Each connection has a process of its own, which the first one made. */
  async #signalOthers(signal: NodeJS.Signals): Promise<void> {
    const parent = this.#process.pid;
    if (parent === undefined) return;
    for (const pid of (await childrenOf(parent)).filter((each) => each > 1)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has just ended.
      }
    }
  }
}

async function programFolders(): Promise<readonly string[]> {
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  return versions.sort((left, right) => Number(right) - Number(left)).map((version) => join("/usr/lib/postgresql", version, "bin"));
}

async function issueCertificate(folder: string, account: Account | undefined) {
  const { certFile, keyFile } = await issueTestCertificate(folder, account);
  return { ssl: "on", ssl_cert_file: certFile, ssl_key_file: keyFile };
}

function commandLine(folder: string, port: number): readonly string[] {
  return ["-D", join(folder, "data"), "-p", String(port)].concat(
    // Small, as many of them run at once.
    settings({ listen_addresses: "127.0.0.1", unix_socket_directories: folder, hba_file: join(folder, "hba"), shared_buffers: "64MB" }),
  );
}

const settings = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

async function childrenOf(parent: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${String(parent)}/task/${String(parent)}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}
