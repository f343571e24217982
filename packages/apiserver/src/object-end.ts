const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Where the object ends that begins at `start` in well-formed JSON: behind its closing brace. */
export function objectEnd(json: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const byte = json[at];
    at = byte === quote ? textEnd(json, at + 1) : at + 1;
    if (byte === openBrace) depth++;
    else if (byte === closeBrace && --depth === 0) return at;
  }
  throw new Error("the object has no end");
}

/** Behind the quote that ends a text. */
function textEnd(json: Uint8Array, start: number): number {
  let at = start;
  while (at < json.length && json[at] !== quote) at += json[at] === backslash ? 2 : 1;
  return at + 1;
}
