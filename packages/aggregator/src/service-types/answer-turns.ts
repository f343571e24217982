import { setImmediate } from "node:timers/promises";

/** After so many bytes other requests get their turn. */
export const bytesPerTurn = 512 * 1024;

/** Lets other requests have the event loop after each so many bytes. */
export function turns(): (bytes: number) => Promise<void> {
  let sinceTurn = 0;
  return async (bytes) => {
    sinceTurn += bytes;
    if (sinceTurn < bytesPerTurn) return;
    sinceTurn = 0;
    await setImmediate();
  };
}

/** A body whose pieces are made as they are sent. */
export async function* inTurns(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const turn = turns();
  for (const piece of pieces) {
    yield piece;
    await turn(piece.byteLength);
  }
}
