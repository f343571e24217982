import type { RemoteAnswer } from "./remote-transport.js";

/** The JSON of an answer. Throws for one that is compressed though nobody asked for that, too large, or no JSON; the signal bounds its time. */
export async function readBounded(answer: RemoteAnswer, maxBytes: number, signal: AbortSignal): Promise<unknown> {
  if ((answer.headers["content-encoding"] ?? "identity") !== "identity") {
    answer.discard();
    throw new Error("the answer is compressed");
  }
  // The signal closes the exchange: what waits for its body is then told.
  const cut = (): void => answer.discard();
  signal.addEventListener("abort", cut, { once: true });
  try {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of answer.body) {
      bytes += piece.byteLength;
      if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
      pieces.push(piece);
    }
    signal.throwIfAborted();
    return JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } finally {
    signal.removeEventListener("abort", cut);
  }
}
