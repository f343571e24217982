import { isUtf8 } from "node:buffer";
import { quoteHtmlSafe } from "./go-text.js";

/** Lead bytes of a sequence: its length and the range of its second byte (Unicode, table 3-7). */
function sequenceOf(lead: number): readonly [length: number, low: number, high: number] {
  if (lead >= 0xc2 && lead <= 0xdf) return [2, 0x80, 0xbf];
  if (lead >= 0xe0 && lead <= 0xef) return [3, lead === 0xe0 ? 0xa0 : 0x80, lead === 0xed ? 0x9f : 0xbf];
  if (lead >= 0xf0 && lead <= 0xf4) return [4, lead === 0xf0 ? 0x90 : 0x80, lead === 0xf4 ? 0x8f : 0xbf];
  return [0, 0, 0];
}

/** Length of the well-formed UTF-8 sequence at `at`, 0 if there is none. */
function wellFormedLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const [length, low, high] = sequenceOf(lead);
  const second = bytes[at + 1] ?? 0;
  if (length === 0 || second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

/** A value's bytes as json-iterator prints a string: each byte that is not part of UTF-8 is `\ufffd`. */
export function quoteBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return quoteHtmlSafe(bytes.toString("utf8"));
  let out = "";
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = wellFormedLength(bytes, at);
    if (length === 0) {
      out += `${quoteHtmlSafe(bytes.toString("utf8", start, at)).slice(1, -1)}\\ufffd`;
      start = at + 1;
    }
    at += Math.max(length, 1);
  }
  return `"${out}${quoteHtmlSafe(bytes.toString("utf8", start)).slice(1, -1)}"`;
}
