import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Logger } from "@dataplane/meta";
import type { FromWorker, ListenerName, Question, ToWorker, WorkerStart } from "./messages.js";

/** As this process', but for a debugger's port, which is taken. */
const ownFlags = (): string[] => process.execArgv.filter((flag) => !flag.startsWith("--inspect"));

export interface WorkerChildOptions {
  /** Run by this process' own Node. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly start: WorkerStart;
  readonly logger: Logger;
  /** It serves from now on, or does so no longer. */
  readonly onChange: () => void;
  /** A connection that it died with, before anything of it was read. */
  readonly onReturned: (listener: ListenerName, socket: Socket) => void;
}

interface Given {
  readonly listener: ListenerName;
  readonly socket: Socket;
}

/** One process of a worker, from its start to its end. */
export class WorkerChild {
  readonly ended: Promise<void>;
  readonly #options: WorkerChildOptions;
  readonly #child: ChildProcess;
  /** On the way: kept open here until the worker says that it has them. */
  readonly #given = new Map<number, Given>();
  readonly #questions = new Map<number, (text: string | undefined) => void>();
  #phase: "starting" | "ready" | "leaving" | "gone" = "starting";
  #wasAsked = false;
  #connections = 0;
  #lastId = 0;
  #whenReady: () => void = () => undefined;
  readonly #ready: Promise<void>;

  constructor(options: WorkerChildOptions) {
    this.#options = options;
    this.#ready = new Promise((resolve) => {
      this.#whenReady = resolve;
    });
    this.#child = fork(options.file, [], {
      env: options.env,
      execArgv: ownFlags(),
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child.on("message", (message) => this.#receive(message as FromWorker));
    this.#child.on("error", (error) => options.logger.error({ err: error, pid: this.pid }, "a worker could not be told something"));
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#over(code, signal);
        resolve();
      });
    });
    this.tell(options.start);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isReady(): boolean {
    return this.#phase === "ready";
  }

  /** It finishes what it has. */
  get isLeaving(): boolean {
    return this.#phase === "leaving";
  }

  /** Of one that has ended: somebody asked it to. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  /** Open ones, and those on the way. */
  get connections(): number {
    return this.#connections;
  }

  /** Resolves when it serves, or has ended. */
  async settled(): Promise<void> {
    await Promise.race([this.#ready, this.ended]);
  }

  tell(message: ToWorker, socket?: Socket): void {
    if (!this.#child.connected) return;
    // Its end is told elsewhere: what was on the way to it then is of no use.
    this.#child.send(message, socket, { keepOpen: true }, () => undefined);
  }

  give(listener: ListenerName, socket: Socket): void {
    this.#lastId += 1;
    this.#given.set(this.#lastId, { listener, socket });
    this.#connections += 1;
    this.tell({ type: "connection", id: this.#lastId, listener }, socket);
  }

  /** Undefined when it did not answer within that time. */
  ask(question: Question, withinMs: number): Promise<string | undefined> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const done = (text: string | undefined): void => {
        clearTimeout(late);
        this.#questions.delete(id);
        resolve(text);
      };
      const late = setTimeout(() => done(undefined), withinMs);
      this.#questions.set(id, done);
      this.tell({ type: "question", id, question });
    });
  }

  /** It ends when its connections are done. */
  leave(): void {
    if (this.#phase === "leaving" || this.#phase === "gone") return;
    this.#become("leaving");
    this.tell({ type: "leave" });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        if (this.#phase === "starting") this.#become("ready");
        this.#whenReady();
        return;
      case "took":
        // Its process has a descriptor of its own.
        this.#given.get(message.id)?.socket.destroy();
        this.#given.delete(message.id);
        return;
      case "closed":
        this.#connections -= 1;
        return;
      case "answer":
        this.#questions.get(message.id)?.(message.text);
        return;
      case "leaving":
        this.leave();
    }
  }

  #become(phase: "ready" | "leaving"): void {
    this.#phase = phase;
    this.#options.onChange();
  }

  #over(code: number | null, signal: NodeJS.Signals | null): void {
    const { logger, onChange, onReturned } = this.#options;
    const how = signal === null ? `exited with code ${code ?? "?"}` : `killed by ${signal}`;
    if (this.#phase === "leaving") logger.info({ pid: this.pid }, "a worker has ended");
    else logger.error({ pid: this.pid, connections: this.#connections }, `a worker ended: ${how}; its requests in flight are lost`);
    this.#wasAsked = this.#phase === "leaving";
    this.#phase = "gone";
    for (const answer of [...this.#questions.values()]) answer(undefined);
    const given = [...this.#given.values()];
    this.#given.clear();
    onChange();
    for (const { listener, socket } of given) onReturned(listener, socket);
  }
}
