import { putUnsigned } from "./integers";
import { isThere, POWERS, putNull } from "./memory";

// Shortest decimals by Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles").
const SMALLEST_POWER: i32 = -292;

function multiplyHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const low = a0 * b0;
  const cross = a0 * b1;
  const other = a1 * b0;
  const middle = (low >> 32) + (cross & 0xffffffff) + (other & 0xffffffff);
  return a1 * b1 + (cross >> 32) + (other >> 32) + (middle >> 32);
}

/** The upper part of a product with a power of ten, rounded to odd. */
function roundToOdd(high: u64, low: u64, factor: u64): u64 {
  const carry = multiplyHigh(low, factor);
  let fraction = high * factor;
  let whole = multiplyHigh(high, factor);
  fraction += carry;
  whole += <u64>(fraction < carry);
  return whole | <u64>(fraction > 1);
}

function floorLog2Pow10(exponent: i32): i32 {
  return (exponent * 1741647) >> 19;
}

/** Copies up to 20 bytes; reads and writes past the end, all reads come first. */
function move(to: usize, from: usize): void {
  const a = load<u64>(from);
  const b = load<u64>(from, 8);
  const c = load<u32>(from, 16);
  store<u64>(to, a);
  store<u64>(to, b, 8);
  store<u32>(to, c, 16);
}

function putExponent(out: usize, exponent: i32): usize {
  store<u8>(out, 101);
  store<u8>(out + 1, exponent < 0 ? 45 : 43);
  out += 2;
  const size = exponent < 0 ? -exponent : exponent;
  if (size < 10) store<u8>(out++, 48);
  return putUnsigned(size, out);
}

/** Prints decimal * 10^power as Go does: exponents from 1e21 on and below 1e-6, of two digits at least. */
function putDecimal(decimal: u64, power: i32, out: usize): usize {
  const digits = out + 32;
  const count = <i32>(putUnsigned(decimal, digits) - digits);
  const point = count + power;
  if (point > 0 && point <= 21) {
    move(out, digits);
    if (power >= 0) {
      memory.fill(out + count, 48, power);
      return out + point;
    }
    store<u8>(out + point, 46);
    move(out + point + 1, digits + point);
    return out + count + 1;
  }
  if (point > -6 && point <= 0) {
    store<u16>(out, 0x2e30);
    memory.fill(out + 2, 48, -point);
    move(out + 2 - point, digits);
    return out + 2 - point + count;
  }
  const first = load<u8>(digits);
  if (count == 1) {
    store<u8>(out, first);
    return putExponent(out + 1, point - 1);
  }
  move(out + 2, digits + 1);
  store<u8>(out, first);
  store<u8>(out + 1, 46);
  return putExponent(out + count + 1, point - 1);
}

/** A decimal without its trailing zeros. */
function putTrimmed(decimal: u64, power: i32, out: usize): usize {
  for (let shorter = decimal / 10; shorter * 10 == decimal; shorter = decimal / 10) {
    decimal = shorter;
    power++;
  }
  return putDecimal(decimal, power, out);
}

/** A positive significand * 2^exponent; `narrow` if the gap below is half of the gap above; `tiesUp` as Go's rounding of such singles. */
function putShortest(significand: u64, exponent: i32, narrow: bool, tiesUp: bool, out: usize): usize {
  const even = <u64>((significand & 1) ^ 1);
  const power = (exponent * 1262611 - (narrow ? 524031 : 0)) >> 22;
  const shift = <u64>(exponent + floorLog2Pow10(-power) + 1);
  const entry = POWERS + ((<usize>(-power - SMALLEST_POWER)) << 4);
  const high = load<u64>(entry);
  const low = load<u64>(entry, 8);
  const value = roundToOdd(high, low, (4 * significand) << shift);
  const lower = roundToOdd(high, low, (4 * significand - 2 + <u64>narrow) << shift) + 1 - even;
  const upper = roundToOdd(high, low, (4 * significand + 2) << shift) - 1 + even;
  const digits = value >> 2;
  if (digits >= 10) {
    let short = digits / 10;
    const isBelow = lower <= 40 * short;
    const isAbove = 40 * short + 40 <= upper;
    if (isBelow != isAbove) {
      short += <u64>isAbove;
      return putTrimmed(short, power + 1, out);
    }
  }
  const isBelow = lower <= 4 * digits;
  const isAbove = 4 * digits + 4 <= upper;
  const middle = 4 * digits + 2;
  const up = isBelow != isAbove ? isAbove : value > middle || (value == middle && (tiesUp || (digits & 1) != 0));
  return putTrimmed(digits + <u64>up, power, out);
}

function putDouble(bits: u64, out: usize): usize {
  if (<i64>bits < 0) store<u8>(out++, 45);
  const fraction = bits & 0xfffffffffffff;
  const biased = <i32>((bits >> 52) & 0x7ff);
  if (biased == 0) {
    if (fraction != 0) return putShortest(fraction, -1074, false, false, out);
    store<u8>(out, 48);
    return out + 1;
  }
  const significand = fraction | 0x10000000000000;
  const exponent = biased - 1075;
  if (exponent <= 0 && exponent > -53 && (significand & (((<u64>1) << (<u64>-exponent)) - 1)) == 0)
    return putUnsigned(significand >> <u64>-exponent, out);
  return putShortest(significand, exponent, fraction == 0 && biased > 1, false, out);
}

function putSingle(bits: u32, out: usize): usize {
  if (<i32>bits < 0) store<u8>(out++, 45);
  const fraction = bits & 0x7fffff;
  const biased = <i32>((bits >> 23) & 0xff);
  if (biased == 0) {
    if (fraction != 0) return putShortest(fraction, -149, false, false, out);
    store<u8>(out, 48);
    return out + 1;
  }
  const significand = fraction | 0x800000;
  const exponent = biased - 150;
  if (exponent <= 0 && exponent > -24 && (significand & (((<u32>1) << (<u32>-exponent)) - 1)) == 0)
    return putUnsigned(significand >> <u32>-exponent, out);
  const narrow = fraction == 0 && biased > 1;
  return putShortest(significand, exponent, narrow, narrow, out);
}

/** Rows whose value JSON cannot say, of the last call. */
export let specialCount: i32 = 0;

/** Doubles, separated by commas; rows of NaN and infinities are null and listed in `special`, 32 bits each. Returns the end. */
export function doubles(source: usize, bitmap: usize, rows: i32, special: usize, out: usize): usize {
  specialCount = 0;
  for (let row = 0; row < rows; row++) {
    if (row > 0) store<u8>(out++, 44);
    if (!isThere(bitmap, row)) {
      out = putNull(out);
      continue;
    }
    const bits = load<u64>(source + (row << 3));
    if ((bits & 0x7ff0000000000000) == 0x7ff0000000000000) {
      store<u32>(special + (specialCount++ << 2), row);
      out = putNull(out);
    } else {
      out = putDouble(bits, out);
    }
  }
  return out;
}

/** Singles, as doubles. */
export function singles(source: usize, bitmap: usize, rows: i32, special: usize, out: usize): usize {
  specialCount = 0;
  for (let row = 0; row < rows; row++) {
    if (row > 0) store<u8>(out++, 44);
    if (!isThere(bitmap, row)) {
      out = putNull(out);
      continue;
    }
    const bits = load<u32>(source + (row << 2));
    if ((bits & 0x7f800000) == 0x7f800000) {
      store<u32>(special + (specialCount++ << 2), row);
      out = putNull(out);
    } else {
      out = putSingle(bits, out);
    }
  }
  return out;
}
