import { execFile } from "node:child_process";
import { chown, cp, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { accountOf, findProgram } from "./programs.js";
import { freePort, ServerProcess } from "./server-process.js";
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
  /** Makes an empty database and gives its name; its tables are in a folder in `parent`, such as one on another disk, where that is told. */
  createDatabase(parent?: string): Promise<string>;
  /** Runs SQL as the administrator; gives what the client prints. */
  sql(statement: string): Promise<string>;
  /** The last that it said. */
  log(): string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing; resolves when it stands still. */
  pause(): Promise<void>;
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
  const folder = await mkdtemp(join(tmpdir(), "dataplane-mariadb-"));
  try {
    const server = await Mariadb.prepare({ ...options, program, install, folder });
    await server.restart();
    return server;
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
}

interface Preparation extends MariadbOptions {
  readonly program: string;
  readonly install: string;
  readonly folder: string;
}

class Mariadb implements TestMariadb {
  readonly host = "127.0.0.1";
  readonly user = credentials.user;
  readonly password = credentials.password;
  readonly port: number;
  readonly caFile: string | undefined;
  readonly #folder: string;
  readonly #process: ServerProcess;
  #databases = 0;

  private constructor(folder: string, port: number, process: ServerProcess, caFile: string | undefined) {
    this.#folder = folder;
    this.port = port;
    this.#process = process;
    this.caFile = caFile;
  }

  static async prepare({ program, install, folder, ...options }: Preparation): Promise<Mariadb> {
    // It refuses to run as root, and drops to the account that its package made.
    const account = process.getuid?.() === 0 ? await accountOf("mysql") : undefined;
    // Its own: a server that starts removes what is left of temporary tables there, and would take another's for that.
    const temporary = join(folder, "tmp");
    await mkdir(temporary);
    if (account !== undefined) for (const each of [folder, temporary]) await chown(each, account.uid, account.gid);
    const asAccount = account === undefined ? [] : ["--user=mysql"];
    const methods = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
    await run(install, ["--no-defaults", ...asAccount, `--datadir=${join(folder, "data")}`, `--tmpdir=${temporary}`, ...methods]);
    await writeFile(join(folder, "init.sql"), initialStatements(options.tls === true));
    const certificate = options.tls === true ? await issueTestCertificate(folder, account) : undefined;
    const tls = certificate === undefined ? ["--skip-ssl"] : [`--ssl-cert=${certificate.certFile}`, `--ssl-key=${certificate.keyFile}`];
    const port = await freePort();
    const server = new ServerProcess({
      program,
      arguments: [...commandLine(folder, port), ...asAccount, ...tls, ...(options.arguments ?? [])],
      readyText: "ready for connections",
    });
    return new Mariadb(folder, port, server, certificate?.certFile);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  url(database: string): string {
    return `mysql://${this.user}:${encodeURIComponent(this.password)}@${this.host}:${String(this.port)}/${database}`;
  }

  async createDatabase(parent?: string): Promise<string> {
    this.#databases += 1;
    const name = `test_${String(this.#databases)}`;
    await this.sql(`CREATE DATABASE ${name}`);
    if (parent !== undefined) await moveFolder(join(this.#folder, "data", name), join(parent, name));
    return name;
  }

  async sql(statement: string): Promise<string> {
    const socket = socketIn(this.#folder);
    const { stdout } = await run("mariadb", ["--no-defaults", "--user=root", `--socket=${socket}`, "--batch", "-e", statement]);
    return stdout;
  }

  log(): string {
    return this.#process.log;
  }

  kill(): Promise<void> {
    return this.#process.end("SIGKILL");
  }

  pause(): Promise<void> {
    return this.#process.pause();
  }

  resume(): void {
    this.#process.resume();
  }

  async restart(): Promise<void> {
    await this.#process.end("SIGTERM");
    await this.#process.start();
  }

  async stop(): Promise<void> {
    await this.#process.end("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A link stays where it was. */
async function moveFolder(from: string, to: string): Promise<void> {
  const { uid, gid } = await stat(from);
  await cp(from, to, { recursive: true });
  await chown(to, uid, gid);
  for (const name of await readdir(to)) await chown(join(to, name), uid, gid);
  await rm(from, { recursive: true });
  await symlink(to, from);
}

const socketIn = (folder: string): string => join(folder, "socket");

const commandLine = (folder: string, port: number): readonly string[] => [
  "--no-defaults",
  `--datadir=${join(folder, "data")}`,
  `--tmpdir=${join(folder, "tmp")}`,
  `--socket=${socketIn(folder)}`,
  `--pid-file=${join(folder, "pid")}`,
  `--init-file=${join(folder, "init.sql")}`,
  "--bind-address=127.0.0.1",
  `--port=${String(port)}`,
  "--skip-name-resolve",
  // Small, as many of them run at once; and as durable as the default is.
  "--innodb-buffer-pool-size=64M",
  "--innodb-log-file-size=32M",
  "--innodb-flush-log-at-trx-commit=1",
  "--performance-schema=OFF",
];

function initialStatements(tls: boolean): string {
  const password = credentials.password.replaceAll("\\", "\\\\").replaceAll("'", "''");
  const account = `'${credentials.user}'@'%'`;
  return [
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}'${tls ? " REQUIRE SSL" : ""};`,
    `GRANT ALL PRIVILEGES ON \`test\\_%\`.* TO ${account};`,
    "",
  ].join("\n");
}
