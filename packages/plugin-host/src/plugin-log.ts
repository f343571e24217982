import type { Clock, Logger } from "@dataplane/meta";
import { LineSplitter } from "./line-splitter.js";

const maxLineBytes = 16 * 1024;
/** A plugin that logs more is cut short, and says so once a second. */
const linesPerSecond = 200;

const levels: Readonly<Record<string, "debug" | "info" | "warn" | "error">> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
};

/**
 * Takes what a plugin prints into the server's log: JSON lines of hclog by their `@level`, anything else (a panic, a stray print) as a
 * warning. Keeps the last lines of plain text, to say why a start failed.
 */
export class PluginLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #tail: string[] = [];
  #second = 0;
  #linesInSecond = 0;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** A sink for one stream of output. */
  sink(stream: "stdout" | "stderr"): LineSplitter {
    return new LineSplitter({ maxBytes: maxLineBytes, onLine: (line) => this.#line(line, stream) });
  }

  /** The last plain lines, oldest first, short enough for a message. */
  tail(): string {
    return this.#tail.join(" | ").slice(-500);
  }

  #line(line: string, stream: string): void {
    if (line.trim() === "") return;
    // Lines over the limit are not even parsed: they must cost next to nothing.
    const admitted = this.#admits();
    const entry = admitted ? parseEntry(line) : undefined;
    if (entry === undefined && !line.startsWith("{")) this.#remember(line);
    if (!admitted) return;
    if (entry === undefined) this.#logger.warn({ stream }, line);
    else this.#logger[entry.level](entry.fields, entry.message);
  }

  #remember(line: string): void {
    this.#tail.push(line.slice(0, 200));
    if (this.#tail.length > 5) this.#tail.shift();
  }

  #admits(): boolean {
    const second = Math.floor(this.#clock.now().getTime() / 1000);
    if (second !== this.#second) {
      const dropped = this.#linesInSecond - linesPerSecond;
      if (dropped > 0) this.#logger.warn({ dropped }, "the plugin logged too much; lines were dropped");
      this.#second = second;
      this.#linesInSecond = 0;
    }
    this.#linesInSecond += 1;
    return this.#linesInSecond <= linesPerSecond;
  }
}

interface Entry {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function parseEntry(line: string): Entry | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { "@level": level, "@message": message, "@timestamp": timestamp, ...fields } = JSON.parse(line) as Record<string, unknown>;
    if (typeof level !== "string" || typeof message !== "string") return undefined;
    return { level: levels[level] ?? "info", message, fields: timestamp === undefined ? fields : { ...fields, loggedAt: timestamp } };
  } catch {
    return undefined;
  }
}
