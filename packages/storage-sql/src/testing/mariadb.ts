import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { accountOf, findProgram } from "./programs.js";
import { issueTestCertificate } from "./test-certificate.js";

const run = promisify(execFile);

export interface MariadbOptions {
  /** Connections must be encrypted; `caFile` is the certificate's authority. Off unless told. */
  readonly tls?: boolean;
  /** What the server is told besides, such as `--max-allowed-packet=1M`. */
  readonly arguments?: readonly string[];
}

/** A MariaDB server of a test's own; commits are on the disk before they are answered, as in production. */
export interface TestMariadb {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Its process; undefined while it does not run. */
  readonly pid: number | undefined;
  /** PEM file; with TLS only. */
  readonly caFile: string | undefined;
  /** `mysql://…` of a new, empty database; without TLS' settings. */
  url(database: string): string;
  /** Makes an empty database and gives its name. */
  createDatabase(): Promise<string>;
  /** Runs SQL as the administrator; gives what the client prints. */
  sql(statement: string): Promise<string>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same data and port, after `kill` or, with a shutdown of its own before, while it runs. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const credentials = { user: "dataplane", password: 'it\'s \\a "test"' } as const;

/** Undefined where MariaDB is not installed. */
export async function startMariadb(options: MariadbOptions = {}): Promise<TestMariadb | undefined> {
  const program = await findProgram("mariadbd", ["/usr/sbin", "/usr/local/sbin"]);
  const install = await findProgram("mariadb-install-db");
  if (program === undefined || install === undefined) return undefined;
  const server = await Mariadb.prepare(program, install, options);
  await server.restart();
  return server;
}

class Mariadb implements TestMariadb {
  readonly host = "127.0.0.1";
  readonly user = credentials.user;
  readonly password = credentials.password;
  readonly port: number;
  readonly caFile: string | undefined;
  readonly #program: string;
  readonly #folder: string;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;
  #databases = 0;

  private constructor(program: string, folder: string, port: number, given: readonly string[], caFile: string | undefined) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
    this.#arguments = given;
    this.caFile = caFile;
  }

  static async prepare(program: string, install: string, options: MariadbOptions): Promise<Mariadb> {
    const folder = await mkdtemp(join(tmpdir(), "dataplane-mariadb-"));
    // It refuses to run as root, and drops to the account that its package made.
    const account = process.getuid?.() === 0 ? await accountOf("mysql") : undefined;
    if (account !== undefined) await chown(folder, account.uid, account.gid);
    const asAccount = account === undefined ? [] : ["--user=mysql"];
    const methods = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
    await run(install, ["--no-defaults", ...asAccount, `--datadir=${join(folder, "data")}`, ...methods]);
    await writeFile(join(folder, "init.sql"), initialStatements(options.tls === true));
    const certificate = options.tls === true ? await issueTestCertificate(folder, account) : undefined;
    const tls = certificate === undefined ? ["--skip-ssl"] : [`--ssl-cert=${certificate.certFile}`, `--ssl-key=${certificate.keyFile}`];
    const given = [...asAccount, ...tls, ...(options.arguments ?? [])];
    return new Mariadb(program, folder, await freePort(), given, certificate?.certFile);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get #socket(): string {
    return join(this.#folder, "socket");
  }

  url(database: string): string {
    return `mysql://${this.user}:${encodeURIComponent(this.password)}@${this.host}:${String(this.port)}/${database}`;
  }

  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `test_${String(this.#databases)}`;
    await this.sql(`CREATE DATABASE ${name}`);
    return name;
  }

  async sql(statement: string): Promise<string> {
    const { stdout } = await run("mariadb", ["--no-defaults", "--user=root", `--socket=${this.#socket}`, "--batch", "-e", statement]);
    return stdout;
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async restart(): Promise<void> {
    await this.#end("SIGTERM");
    const child = spawn(this.#program, this.#commandLine(), { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    await ready(child);
  }

  async stop(): Promise<void> {
    await this.#end("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    // A stopped process takes no SIGTERM before it goes on.
    child.kill("SIGCONT");
    await gone;
  }

  #commandLine(): readonly string[] {
    return [
      "--no-defaults",
      `--datadir=${join(this.#folder, "data")}`,
      `--socket=${this.#socket}`,
      `--pid-file=${join(this.#folder, "pid")}`,
      `--init-file=${join(this.#folder, "init.sql")}`,
      `--bind-address=${this.host}`,
      `--port=${String(this.port)}`,
      "--skip-name-resolve",
      // Small, as many of them run at once; and as durable as the default is.
      "--innodb-buffer-pool-size=64M",
      "--innodb-log-file-size=32M",
      "--innodb-flush-log-at-trx-commit=1",
      "--performance-schema=OFF",
      ...this.#arguments,
    ];
  }
}

function initialStatements(tls: boolean): string {
  const password = credentials.password.replaceAll("\\", "\\\\").replaceAll("'", "''");
  const account = `'${credentials.user}'@'%'`;
  return [
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}'${tls ? " REQUIRE SSL" : ""};`,
    `GRANT ALL PRIVILEGES ON \`test\\_%\`.* TO ${account};`,
    "",
  ].join("\n");
}

/** Resolves when it says that it listens. */
async function ready(child: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`MariaDB does not start: ${said}`)), 30_000);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`MariaDB ended with ${String(code)}: ${said}`)));
    child.stderr?.setEncoding("utf8");
    child.stderr?.on("data", (text: string) => {
      // What it says later is read too, so that its pipe does not fill up.
      said = (said + text).slice(-20_000);
      if (!said.includes("ready for connections")) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
