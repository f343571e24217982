// One pass over frame JSON (RFC 8259). The host puts a zero byte after the text: it is valid nowhere, so nothing reads past it.
const STACK: usize = 12288;
const MAX_DEPTH: i32 = 256;

/** Results beside a count of rows: not well-formed, too deep. */
export const MALFORMED: i32 = -1;
export const TOO_DEEP: i32 = -2;

// What a container is on the way to data.values[0]; the low bit says that it is an object.
const NONE: u8 = 0;
const TOP: u8 = 2;
const DATA: u8 = 4;
const VALUES: u8 = 6;
const COLUMN: u8 = 8;

let at: usize = 0;
let depth: i32 = 0;
let rows: i32 = 0;
let counts: StaticArray<i32> = new StaticArray<i32>(MAX_DEPTH);
let keyStart: usize = 0;
let keyEnd: usize = 0;

/** Where the last scan stopped. */
export function scannedTo(): usize {
  return at;
}

function skipBlank(): void {
  for (let c = load<u8>(at); c <= 0x20 && (c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09); c = load<u8>(at)) at++;
}

function isDigit(c: u8): bool {
  return <u8>(c - 48) < 10;
}

/** Where the digits end that begin at `from`. */
function endOfDigits(from: usize): usize {
  while (true) {
    const isDigit = i8x16.lt_u(i8x16.sub(v128.load(from), i8x16.splat(0x30)), i8x16.splat(10));
    const run = ctz(~i8x16.bitmask(isDigit));
    from += run;
    if (run < 16) return from;
  }
}

/** The scan stops where digits are missing. */
function stopAt(place: usize): usize {
  at = place;
  return 0;
}

/** End of the number that begins at `from`; 0 if there is none. */
function endOfNumber(from: usize): usize {
  if (load<u8>(from) == 0x2d) from++;
  let end = load<u8>(from) == 0x30 ? from + 1 : endOfDigits(from);
  if (end == from) return stopAt(from);
  if (load<u8>(end) == 0x2e) {
    from = end + 1;
    end = endOfDigits(from);
    if (end == from) return stopAt(from);
  }
  if ((load<u8>(end) | 0x20) != 0x65) return end;
  from = end + 1;
  const sign = load<u8>(from);
  if (sign == 0x2b || sign == 0x2d) from++;
  end = endOfDigits(from);
  return end == from ? stopAt(from) : end;
}

function skipEscape(): bool {
  const c = load<u8>(at++);
  if (c != 0x75) return c == 0x22 || c == 0x5c || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74;
  for (let i = 0; i < 4; i++) {
    const digit = load<u8>(at);
    if (!isDigit(digit) && <u8>((digit | 0x20) - 0x61) >= 6) return false;
    at++;
  }
  return true;
}

function skipString(): bool {
  at++;
  while (true) {
    const block = v128.load(at);
    const special = v128.or(v128.or(i8x16.eq(block, i8x16.splat(0x22)), i8x16.eq(block, i8x16.splat(0x5c))), i8x16.lt_u(block, i8x16.splat(0x20)));
    const mask = i8x16.bitmask(special);
    if (mask == 0) {
      at += 16;
      continue;
    }
    at += ctz(mask);
    const c = load<u8>(at);
    if (c == 0x22) {
      at++;
      return true;
    }
    if (c != 0x5c) return false;
    at++;
    if (!skipEscape()) return false;
  }
}

function skipWord(): bool {
  const word = load<u32>(at);
  if (word == 0x65757274 || word == 0x6c6c756e) {
    at += 4;
    return true;
  }
  if (word != 0x736c6166 || load<u8>(at + 4) != 0x65) return false;
  at += 5;
  return true;
}

function keyIs(low: u64, length: usize): bool {
  if (keyEnd - keyStart != length) return false;
  const mask = ((<u64>1) << ((<u64>length) << 3)) - 1;
  return (load<u64>(keyStart) & mask) == low;
}

function placeOfNew(isObject: bool): u8 {
  if (depth == 0) return TOP;
  const parent = load<u8>(STACK + depth - 1) & 0xfe;
  if (parent == TOP && isObject && keyIs(0x61746164, 4)) return DATA;
  if (parent == DATA && !isObject && keyIs(0x7365756c6176, 6)) return VALUES;
  return parent == VALUES && !isObject && unchecked(counts[depth - 1]) == 1 ? COLUMN : NONE;
}

function isNumeric(c: u8): bool {
  return c == 0x2d || isDigit(c);
}

/** Reads a number or a text and, in an array, those that follow without a blank: nearly all that frames are made of. 0 if all is well. */
function readScalars(): i32 {
  const isArray = (load<u8>(STACK + depth - 1) & 1) == 0;
  let end = at;
  let more = 0;
  while (true) {
    if (load<u8>(end) == 0x22) {
      at = end;
      if (!skipString()) return MALFORMED;
      end = at;
    } else {
      end = endOfNumber(end);
      if (end == 0) return MALFORMED;
    }
    const next = load<u8>(end + 1);
    if (!isArray || load<u8>(end) != 0x2c || (next != 0x22 && !isNumeric(next))) break;
    more++;
    end++;
  }
  at = end;
  unchecked((counts[depth - 1] += more));
  return 0;
}

/** Reads values up to the next container, or opens one; 0 if all is well. */
function readValue(): i32 {
  const c = load<u8>(at);
  if (c == 0x22 || isNumeric(c)) return readScalars();
  if (c != 0x7b && c != 0x5b) return skipWord() ? 0 : MALFORMED;
  if (depth == MAX_DEPTH) return TOO_DEEP;
  const isObject = c == 0x7b;
  store<u8>(STACK + depth, placeOfNew(isObject) | <u8>isObject);
  unchecked((counts[depth] = 0));
  depth++;
  at++;
  return 0;
}

function readKey(): bool {
  if (load<u8>(at) != 0x22) return false;
  const start = at + 1;
  if (!skipString()) return false;
  keyStart = start;
  keyEnd = at - 1;
  skipBlank();
  if (load<u8>(at) != 0x3a) return false;
  at++;
  skipBlank();
  return true;
}

/** After a value or an opening: 1 if a value follows, 0 if the container is closed, or MALFORMED. */
function advance(): i32 {
  const top = depth - 1;
  const place = load<u8>(STACK + top);
  const isObject = (place & 1) != 0;
  skipBlank();
  const c = load<u8>(at);
  const count = unchecked(counts[top]);
  if (c == (isObject ? 0x7d : 0x5d)) {
    at++;
    depth = top;
    if (place == COLUMN) rows = count;
    return 0;
  }
  if (count > 0) {
    if (c != 0x2c) return MALFORMED;
    at++;
    skipBlank();
  }
  unchecked((counts[top] = count + 1));
  return !isObject || readKey() ? 1 : MALFORMED;
}

/** Rows of the frame whose JSON lies between two addresses, or one of the results above. */
export function scan(start: usize, end: usize): i32 {
  at = start;
  depth = 0;
  rows = 0;
  skipBlank();
  if (load<u8>(at) != 0x7b) return MALFORMED;
  do {
    const read = readValue();
    if (read != 0) return read;
    let more = 0;
    while (depth > 0 && more == 0) more = advance();
    if (more < 0) return more;
  } while (depth > 0);
  skipBlank();
  return at == end ? rows : MALFORMED;
}
