import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { bareEnvironment } from "../../conformance/testing/run-process.js";

/** What the subscribers of one process saw. */
export interface Seen {
  readonly messages: number;
  /** Connections that the server closed. */
  readonly lost: number;
  /** Counts by delay in milliseconds. */
  readonly delays: readonly (readonly [number, number])[];
}

export interface Readers {
  /** Ends them; resolves with what they saw. */
  stop(): Promise<Seen>;
}

/** Starts so many subscribers in a process of their own. Resolves when all are subscribed. */
export async function startReaders(url: string, count: number): Promise<Readers> {
  const { port, pathname, search } = new URL(url);
  const script = path.join(import.meta.dirname, "readers.mjs");
  const child = spawn(process.execPath, [script, port, pathname + search, String(count)], {
    env: bareEnvironment(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: AsyncIterator<string, unknown> = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the readers ended (${String(child.exitCode)})`);
    return line.value;
  };
  if ((await next()) !== "ready") throw new Error("the readers are not ready");
  return { stop: () => stop(child, next) };
}

async function stop(child: ChildProcess, next: () => Promise<string>): Promise<Seen> {
  child.stdin?.end();
  return JSON.parse(await next()) as Seen;
}
