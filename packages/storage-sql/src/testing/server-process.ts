import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServerProcessOptions {
  readonly program: string;
  readonly arguments: readonly string[];
  /** It says this, on any of its outputs, when it can be connected to. */
  readonly readyText: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const startMs = 30_000;
const keptText = 20_000;

/** A database server as a process of a test. */
export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | undefined;
  #said = "";

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The last that it said. */
  get log(): string {
    return this.#said;
  }

  /** Resolves when it can be connected to. */
  async start(): Promise<void> {
    const { program, environment } = this.#options;
    const child = spawn(program, this.#options.arguments, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
    this.#child = child;
    this.#said = "";
    try {
      await this.#ready(child);
    } catch (thrown) {
      await this.end("SIGKILL");
      throw thrown;
    }
  }

  /** SIGSTOP: it keeps its connections and answers nothing; resolves when each of its threads stands still. */
  async pause(): Promise<void> {
    const { pid } = this;
    this.#child?.kill("SIGSTOP");
    while (pid !== undefined && !(await standsStill(pid))) await sleep(5);
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Resolves when it is gone; at once when it does not run. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    // A stopped process takes no SIGTERM before it goes on.
    child.kill("SIGCONT");
    await gone;
  }

  async #ready(child: ChildProcess): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`the database ${why}: ${this.#said}`));
      const timer = setTimeout(() => fail("does not start"), startMs);
      child.once("error", reject);
      child.once("exit", (code) => fail(`ended with ${String(code)}`));
      const hear = (part: string): void => {
        // What it says later is read too, so that its pipe does not fill up.
        this.#said = (this.#said + part).slice(-keptText);
        if (!this.#said.includes(this.#options.readyText)) return;
        clearTimeout(timer);
        resolve();
      };
      for (const output of [child.stdout, child.stderr]) output?.setEncoding("utf8").on("data", hear);
    });
  }
}

/** Also when it is gone. */
async function standsStill(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${String(pid)}/task`).catch(() => []);
  const states = threads.map((thread) => readFile(`/proc/${String(pid)}/task/${thread}/stat`, "utf8").catch(() => ") T "));
  // After the command, which may hold anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  return (await Promise.all(states)).every((state) => /\) [TtZX] /.test(state));
}

/** A port of 127.0.0.1 where nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
