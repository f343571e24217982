import { exceedsDepth, maxDepth, parseJson } from "@dataplane/apiserver";
import type { JsonValue } from "@dataplane/meta";
import type { RemoteAnswer } from "./remote-transport.js";

/** The JSON of an answer. Throws for one that is compressed though nobody asked for that, too large, too deep, or no JSON; the signal bounds its time. */
export const readBounded = async (answer: RemoteAnswer, maxBytes: number, signal: AbortSignal): Promise<JsonValue> =>
  soundJson(await readBytesBounded(answer, maxBytes, signal));

/** The same, as it is. */
export async function readBytesBounded(answer: RemoteAnswer, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
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
    return Buffer.concat(pieces);
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/** JSON that can be walked and written again; its errors repeat nothing of it. */
export function soundJson(bytes: Buffer): JsonValue {
  const value = parseJson(bytes.toString("utf8"));
  if (exceedsDepth(value, maxDepth)) throw new Error(`the body is nested deeper than ${maxDepth} levels`);
  return value;
}
