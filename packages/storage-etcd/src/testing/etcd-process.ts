import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";

const keptText = 20_000;
const startMs = 30_000;

/** One member as a process: on the same ports and data however often it is started. */
export class EtcdProcess {
  readonly #program: string;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;
  #said = "";

  constructor(program: string, args: readonly string[]) {
    this.#program = program;
    this.#arguments = args;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it serves clients; a member of several does once there is a leader. */
  async start(dataDir: string): Promise<void> {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const child = spawn(this.#program, [...this.#arguments, "--data-dir", dataDir], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#said = "";
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`etcd ${why}: ${this.#said}`));
      const timer = setTimeout(() => fail("does not start"), startMs);
      child.once("error", reject);
      child.once("exit", (code) => fail(`ended with ${String(code)}`));
      const hear = (part: string): void => {
        // What it says later is read too, so that its pipe does not fill up.
        this.#said = (this.#said + part).slice(-keptText);
        if (!/ready to serve client requests|serving (?:insecure )?client (?:requests|traffic)/.test(this.#said)) return;
        clearTimeout(timer);
        resolve();
      };
      for (const output of [child.stdout, child.stderr]) output.setEncoding("utf8").on("data", hear);
    });
  }

  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
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
    child.kill("SIGCONT");
    await gone;
  }
}

/** Ports of 127.0.0.1 where nobody listens. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  });
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, "close");
    }),
  );
  return ports;
}
