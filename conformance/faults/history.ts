import { closeSync, openSync, writeSync } from "node:fs";

/** One object as somebody found it. */
export interface Item {
  readonly key: string;
  readonly revision: number;
  readonly value: string;
}

/**
 * An operation as its client saw it; conformance/linearizability/history.go reads it. `snapshot` is a list that may be old, `seen` an event
 * that a watch brought. `failed` is a refusal that promises that nothing was written, `unknown` no answer.
 */
export interface Operation {
  readonly client: number;
  readonly call: number;
  readonly return?: number;
  readonly kind: "create" | "update" | "delete" | "get" | "list" | "snapshot" | "seen";
  readonly key?: string;
  /** What a write asked the object to be at, or a snapshot to have reached. */
  readonly expected?: number;
  readonly value?: string;
  readonly outcome: "ok" | "missing" | "exists" | "conflict" | "failed" | "unknown";
  readonly revision?: number;
  readonly items?: readonly Item[];
}

/** A change as the store's own history tells it; without a value a deletion. */
export interface LoggedChange {
  readonly revision: number;
  readonly key: string;
  readonly value?: string;
}

/** What happened in one run, as lines of JSON in a file. All of it is recorded by this process, by one clock. */
export class History {
  readonly file: string;
  readonly #descriptor: number;
  readonly #start = process.hrtime.bigint();
  #lines: string[] = [];
  operations = 0;
  answered = 0;
  /** Answers that no fault excuses. */
  readonly unexpected: string[] = [];

  constructor(file: string) {
    this.file = file;
    this.#descriptor = openSync(file, "w");
  }

  /** Nanoseconds since the start. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#start);
  }

  record(operation: Operation): void {
    if (operation.kind !== "seen") this.operations += 1;
    if (operation.outcome !== "failed" && operation.outcome !== "unknown") this.answered += 1;
    this.#write({ operation });
  }

  /** The store's own history, whole: from then on it decides what became of unanswered writes. */
  recordLog(changes: readonly LoggedChange[]): void {
    this.#write({ log: true });
    for (const change of changes) this.#write({ change });
  }

  note(text: string): void {
    this.#write({ note: text, at: this.now() });
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }

  #write(line: object): void {
    this.#lines.push(JSON.stringify(line));
    if (this.#lines.length >= 1000) this.#flush();
  }

  #flush(): void {
    if (this.#lines.length > 0) writeSync(this.#descriptor, `${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}
