import { StdioChannel, type StdioData } from "./process-services.js";

/** How much output is kept while no host reads it; older pieces go first. */
const keptBytes = 256 * 1024;

/**
 * What the process prints on stdout, which is not the handshake line: the pipe belongs to the handshake, so `console.log` goes to the host
 * by `plugin.GRPCStdio` in its place. Stderr stays as it is: the host reads its log lines there.
 */
export class StdioCapture {
  readonly #kept: StdioData[] = [];
  #keptBytes = 0;
  #reader: ((piece: StdioData) => void) | undefined;

  /** Takes over `stream.write`; gives the real one, and the way back. */
  capture(stream: NodeJS.WriteStream): { readonly write: (text: string) => void; readonly release: () => void } {
    const original = stream.write.bind(stream);
    stream.write = (chunk: Uint8Array | string, encoding?: unknown, done?: unknown): boolean => {
      this.#take(typeof chunk === "string" ? Buffer.from(chunk, encodingOf(encoding)) : chunk);
      const callback = typeof encoding === "function" ? encoding : done;
      if (isCallback(callback)) process.nextTick(callback);
      return true;
    };
    const release = (): void => {
      stream.write = original;
    };
    return { write: (text) => void original(text), release };
  }

  /** Gives kept and coming output to the one reader; returns the way to stop that. A second reader replaces the first. */
  readBy(reader: (piece: StdioData) => void): () => void {
    this.#reader = reader;
    for (const piece of this.#kept.splice(0)) reader(piece);
    this.#keptBytes = 0;
    return () => {
      if (this.#reader === reader) this.#reader = undefined;
    };
  }

  #take(data: Uint8Array): void {
    const piece: StdioData = { channel: StdioChannel.STDOUT, data };
    if (this.#reader !== undefined) {
      this.#reader(piece);
      return;
    }
    this.#kept.push(piece);
    this.#keptBytes += data.length;
    while (this.#keptBytes > keptBytes && this.#kept.length > 1) this.#keptBytes -= this.#kept.shift()?.data.length ?? 0;
  }
}

const encodingOf = (value: unknown): BufferEncoding => (typeof value === "string" && Buffer.isEncoding(value) ? value : "utf8");
const isCallback = (value: unknown): value is () => void => typeof value === "function";
