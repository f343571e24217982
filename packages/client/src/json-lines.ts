const newline = 0x0a;

/** The lines of a stream of UTF-8 as they are completed, blank ones left out; a last line needs no newline. */
export async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  // A long line comes in many pieces: they are joined once, when its end is there.
  let pieces: Uint8Array[] = [];
  for await (const piece of body) {
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      const line = textOf([...pieces, piece.subarray(start, end)]);
      pieces = [];
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < piece.byteLength) pieces.push(piece.subarray(start));
  }
  const last = textOf(pieces);
  if (last !== "") yield last;
}

const textOf = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString("utf8").trim();
