import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { WorkerMessage, WorkerStart } from "./sqlite-worker.js";
import { TurnFailed, type WriterAnswer, type WriterTurn } from "./sqlite-writer.js";

interface Pending {
  readonly resolve: (answer: WriterAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** The writer in its thread, where waiting for the disk holds nobody up. Turns are answered in order. */
export class SqliteWriterThread {
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  #failure: Error | undefined;
  readonly #ended: Promise<void>;

  constructor(start: WorkerStart) {
    this.#worker = startWorker(start);
    this.#worker.on("message", (message: WorkerMessage) => this.#answer(message));
    this.#worker.on("error", (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#fail(new Error("the thread that writes has ended"));
        resolve();
      });
    });
  }

  /** True once it broke: it answers nothing any more. */
  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Rejects with TurnFailed when the database failed, with another error when the thread ended. */
  turn(turn: WriterTurn): Promise<WriterAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#worker.postMessage(turn);
    });
  }

  async close(): Promise<void> {
    this.#worker.postMessage("close");
    await this.#ended;
  }

  #answer(message: WorkerMessage): void {
    const pending = this.#pending.shift();
    if (message.type === "answer") pending?.resolve(message.answer);
    else pending?.reject(new TurnFailed(message.failure));
  }

  /** Whether the turns under way were written is unknown: their writers hear that they failed, and nothing more is taken. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
  }
}

/** From dist the thread runs a plain JavaScript file; from the sources, as tests do, it needs the loader that the tests come with. */
function startWorker(workerData: WorkerStart): Worker {
  const compiled = !import.meta.url.endsWith(".ts");
  if (compiled) return new Worker(new URL("./sqlite-worker.js", import.meta.url), { workerData });
  // A loader given by --import comes too late for a worker's first file: a small module registers it, then imports that file.
  const require = createRequire(import.meta.url);
  const loader = new URL("./index.mjs", pathToFileURL(require.resolve("tsx/esm/api"))).href;
  const source = new URL("./sqlite-worker.ts", import.meta.url).href;
  const code = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(source)});`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData, execArgv: [] });
}
