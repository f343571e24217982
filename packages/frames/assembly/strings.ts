import { isThere, putNull } from "./memory";

function isPlain(c: u8): bool {
  return c >= 0x20 && c < 0x80 && c != 0x22 && c != 0x5c && c != 0x3c && c != 0x3e && c != 0x26;
}

function hex(digit: u8): u8 {
  return digit < 10 ? 48 + digit : 87 + digit;
}

/** An ASCII character that must be escaped. */
function putEscape(c: u8, out: usize): usize {
  store<u8>(out, 0x5c);
  let short: u8 = 0;
  if (c == 0x22 || c == 0x5c) short = c;
  else if (c == 0x0a) short = 0x6e;
  else if (c == 0x0d) short = 0x72;
  else if (c == 0x09) short = 0x74;
  if (short != 0) {
    store<u8>(out + 1, short);
    return out + 2;
  }
  store<u8>(out + 1, 0x75);
  store<u16>(out + 2, 0x3030);
  store<u8>(out + 4, hex(c >> 4));
  store<u8>(out + 5, hex(c & 15));
  return out + 6;
}

function isContinuation(at: usize, end: usize): bool {
  return at < end && (load<u8>(at) & 0xc0) == 0x80;
}

/** Length of the well-formed UTF-8 sequence that begins with a byte of 0x80 or more, 0 if there is none (Unicode, table 3-7). */
function sequenceLength(at: usize, end: usize): i32 {
  const lead = load<u8>(at);
  if (lead < 0xc2 || lead > 0xf4 || !isContinuation(at + 1, end)) return 0;
  if (lead < 0xe0) return 2;
  const second = load<u8>(at + 1);
  if (lead < 0xf0) {
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
    return isContinuation(at + 2, end) ? 3 : 0;
  }
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  return isContinuation(at + 2, end) && isContinuation(at + 3, end) ? 4 : 0;
}

/** Where the next sequence begins and where output goes on: two results of putSequence. */
let next: usize = 0;

function putSequence(at: usize, end: usize, out: usize): usize {
  const length = sequenceLength(at, end);
  next = at + max(length, 1);
  if (length == 0) {
    store<u32>(out, 0x6666755c);
    store<u16>(out + 4, 0x6466);
    return out + 6;
  }
  const isSeparator = length == 3 && load<u8>(at) == 0xe2 && load<u8>(at + 1) == 0x80 && (load<u8>(at + 2) & 0xfe) == 0xa8;
  if (isSeparator) {
    store<u32>(out, 0x3032755c);
    store<u8>(out + 4, 0x32);
    store<u8>(out + 5, load<u8>(at + 2) - 0xa8 + 0x38);
    return out + 6;
  }
  for (let i = 0; i < length; i++) store<u8>(out + i, load<u8>(at + i));
  return out + length;
}

function putText(at: usize, end: usize, out: usize): usize {
  while (at < end) {
    while (at + 16 <= end) {
      const block = v128.load(at);
      v128.store(out, block);
      // Signed: what is below a space is either a control character or not ASCII.
      let bad = i8x16.lt_s(block, i8x16.splat(0x20));
      bad = v128.or(bad, v128.or(i8x16.eq(block, i8x16.splat(0x22)), i8x16.eq(block, i8x16.splat(0x5c))));
      bad = v128.or(bad, v128.or(i8x16.eq(v128.or(block, i8x16.splat(2)), i8x16.splat(0x3e)), i8x16.eq(block, i8x16.splat(0x26))));
      const mask = i8x16.bitmask(bad);
      const plain = mask == 0 ? 16 : ctz(mask);
      at += plain;
      out += plain;
      if (plain < 16) break;
    }
    if (at >= end) break;
    const c = load<u8>(at);
    if (isPlain(c)) {
      store<u8>(out++, c);
      at++;
    } else if (c < 0x80) {
      out = putEscape(c, out);
      at++;
    } else {
      out = putSequence(at, end, out);
      at = next;
    }
  }
  return out;
}

/** Strings, separated by commas: `offsets` are 32 bits each and count from `data`. Returns the end. */
export function strings(offsets: usize, data: usize, bitmap: usize, rows: i32, out: usize): usize {
  for (let row = 0; row < rows; row++) {
    if (row > 0) store<u8>(out++, 44);
    if (!isThere(bitmap, row)) {
      out = putNull(out);
      continue;
    }
    store<u8>(out++, 0x22);
    out = putText(data + load<u32>(offsets + (row << 2)), data + load<u32>(offsets + ((row + 1) << 2)), out);
    store<u8>(out++, 0x22);
  }
  return out;
}
