import type { IncomingMessage } from "node:http";
import { HttpClient } from "./http-client.js";

/** A subscriber that comes back when its connection breaks, as long as there is an address. */
export class StreamListener {
  readonly #client: HttpClient;
  readonly #path: string;
  #answer: IncomingMessage | undefined;
  #isOver = false;
  /** Packets as they came: what their frames have as values. */
  readonly values: string[] = [];
  /** When the last one came, by performance.now(). */
  lastAt = 0;

  private constructor(url: string, path: string) {
    this.#client = new HttpClient(url);
    this.#path = path;
  }

  static start(url: string, path: string): StreamListener {
    const listener = new StreamListener(url, path);
    void listener.#listen();
    return listener;
  }

  close(): void {
    this.#isOver = true;
    this.#answer?.destroy();
    this.#client.close();
  }

  #over(): boolean {
    return this.#isOver;
  }

  async #listen(): Promise<void> {
    while (!this.#over()) {
      try {
        this.#answer = await this.#client.open("GET", this.#path);
        let rest = "";
        for await (const piece of this.#answer) {
          const lines = (rest + String(piece)).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) this.#heard(line);
        }
      } catch {
        // It is come back to below.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #heard(line: string): void {
    const found = /"values":(\[.*\])/.exec(line)?.[1];
    if (found === undefined) return;
    this.values.push(found);
    this.lastAt = performance.now();
  }
}
