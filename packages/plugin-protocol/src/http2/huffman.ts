/**
 * Lengths in bits of the codes of RFC 7541, Appendix B, by byte value; the last is that of the end mark. The code is canonical (codes of
 * one length follow each other in the order of their symbols), so the lengths say it all.
 */
// biome-ignore format: a table
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const endMark = 256;
const longest = 30;

/** For each length: the first code, how many there are, and where their symbols begin. */
interface LengthClass {
  readonly first: number;
  readonly count: number;
  readonly offset: number;
}

const symbols = codeLengths.map((_length, symbol) => symbol).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
const classes = classesByLength();

/** Decodes a string literal in Huffman code. Throws on a code or padding that RFC 7541, 5.2 forbids. */
export function decodeHuffman(bytes: Uint8Array): string {
  let text = "";
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = (code << 1) | ((byte >> bit) & 1);
      length += 1;
      const symbol = symbolOf(code, length);
      if (symbol === undefined) continue;
      if (symbol === endMark) throw new Error("end mark inside a Huffman string");
      text += String.fromCharCode(symbol);
      code = 0;
      length = 0;
    }
  }
  // Padding is the beginning of the end mark: ones, less than a byte of them.
  if (length > 7 || code !== (1 << length) - 1) throw new Error("wrong padding of a Huffman string");
  return text;
}

function symbolOf(code: number, length: number): number | undefined {
  if (length > longest) throw new Error("no such Huffman code");
  const group = classes[length];
  if (group === undefined || code - group.first >= group.count) return undefined;
  return symbols[group.offset + code - group.first];
}

function classesByLength(): readonly LengthClass[] {
  const groups: LengthClass[] = [{ first: 0, count: 0, offset: 0 }];
  let first = 0;
  let offset = 0;
  for (let length = 1; length <= longest; length += 1) {
    first *= 2;
    const count = codeLengths.filter((it) => it === length).length;
    groups.push({ first, count, offset });
    first += count;
    offset += count;
  }
  return groups;
}

function lengthOf(symbol: number): number {
  return codeLengths[symbol] ?? 0;
}
