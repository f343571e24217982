import { DIGIT_PAIRS, isThere, putNull } from "./memory";

function countDigits(value: u64): i32 {
  let count = 1;
  if (value >= 10000000000000000) {
    count += 16;
    value /= 10000000000000000;
  }
  if (value >= 100000000) {
    count += 8;
    value /= 100000000;
  }
  if (value >= 10000) {
    count += 4;
    value /= 10000;
  }
  if (value >= 100) {
    count += 2;
    value /= 100;
  }
  return value >= 10 ? count + 1 : count;
}

/** Writes the decimal digits of a number and returns their end. */
export function putUnsigned(value: u64, out: usize): usize {
  const end = out + countDigits(value);
  let at = end;
  while (value > 0xffffffff) {
    const rest = value / 100;
    at -= 2;
    store<u16>(at, load<u16>(DIGIT_PAIRS + ((<usize>(value - rest * 100)) << 1)));
    value = rest;
  }
  let low = <u32>value;
  while (low >= 100) {
    const rest = low / 100;
    at -= 2;
    store<u16>(at, load<u16>(DIGIT_PAIRS + ((<usize>(low - rest * 100)) << 1)));
    low = rest;
  }
  if (at - out == 2) store<u16>(out, load<u16>(DIGIT_PAIRS + ((<usize>low) << 1)));
  else store<u8>(out, <u8>(48 + low));
  return end;
}

export function putSigned(value: i64, out: usize): usize {
  if (value >= 0) return putUnsigned(<u64>value, out);
  store<u8>(out, 45);
  return putUnsigned(<u64>-value, out + 1);
}

function loadInteger(at: usize, bits: i32, signed: bool): i64 {
  if (bits == 64) return load<i64>(at);
  if (bits == 32) return signed ? <i64>load<i32>(at) : <i64>load<u32>(at);
  if (bits == 16) return signed ? <i64>load<i16>(at) : <i64>load<u16>(at);
  return signed ? <i64>load<i8>(at) : <i64>load<u8>(at);
}

/** Integers of 8 to 64 bits, separated by commas; returns the end. */
export function integers(source: usize, bitmap: usize, rows: i32, bits: i32, signed: bool, out: usize): usize {
  const bytes = bits >> 3;
  for (let row = 0; row < rows; row++) {
    if (row > 0) store<u8>(out++, 44);
    if (!isThere(bitmap, row)) {
      out = putNull(out);
      continue;
    }
    const value = loadInteger(source + row * bytes, bits, signed);
    out = signed ? putSigned(value, out) : putUnsigned(<u64>value, out);
  }
  return out;
}

/** Booleans of one bit each. */
export function booleans(source: usize, bitmap: usize, rows: i32, out: usize): usize {
  for (let row = 0; row < rows; row++) {
    if (row > 0) store<u8>(out++, 44);
    if (!isThere(bitmap, row)) {
      out = putNull(out);
    } else if (isThere(source, row)) {
      store<u32>(out, 0x65757274);
      out += 4;
    } else {
      store<u32>(out, 0x736c6166);
      store<u8>(out + 4, 101);
      out += 5;
    }
  }
  return out;
}

/** Nanoseconds as milliseconds; what is beyond goes to `nanos`, 32 bits a row. Returns the end; `anyNanos` says if there were some. */
export let anyNanos: bool = false;
export function times(source: usize, bitmap: usize, rows: i32, nanos: usize, out: usize): usize {
  anyNanos = false;
  for (let row = 0; row < rows; row++) {
    if (row > 0) store<u8>(out++, 44);
    let beyond: i64 = 0;
    if (!isThere(bitmap, row)) {
      out = putNull(out);
    } else {
      const value = load<i64>(source + (row << 3));
      let millis = value / 1000000;
      beyond = value - millis * 1000000;
      if (beyond < 0) {
        beyond += 1000000;
        millis--;
      }
      out = putSigned(millis, out);
      if (beyond != 0) anyNanos = true;
    }
    store<i32>(nanos + (row << 2), <i32>beyond);
  }
  return out;
}
