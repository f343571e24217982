// Layout of the module's memory. The host fills the tables once; from WORK on it lays out input and output of each call.
/** 617 powers of ten, 128 bits each: high word, low word; from 10^-292 on. */
export const POWERS: usize = 0;
/** "00" to "99". */
export const DIGIT_PAIRS: usize = 10240;

/** Room from WORK up to `bytes`; the host must look at memory.buffer anew. */
export function reserve(bytes: i32): void {
  const pages = (bytes + 65535) >> 16;
  const present = memory.size();
  if (pages > present) memory.grow(pages - present);
}

/** Is the row's bit set? Without a bitmap all rows are there. */
export function isThere(bitmap: usize, row: i32): bool {
  return bitmap == 0 || ((load<u8>(bitmap + (row >> 3)) >> <u8>(row & 7)) & 1) != 0;
}

export function putNull(out: usize): usize {
  store<u32>(out, 0x6c6c756e);
  return out + 4;
}
