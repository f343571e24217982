import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { StoreDamaged } from "@dataplane/storage";

// https://www.sqlite.org/fileformat2.html#the_write_ahead_log
const headerBytes = 32;
const frameHeaderBytes = 24;
const magic = 0x377f0682;

type Sum = readonly [number, number];

/**
 * Throws StoreDamaged when the write-ahead log of `path`, which a server that was killed leaves, is damaged before its end. SQLite takes the first frame
 * that is not whole for the end of the log, as it is after a crash; but where transactions follow it, they were acknowledged, and would be lost in
 * silence.
 */
export function requireWholeLog(path: string): void {
  const file = `${path}-wal`;
  if (!existsSync(file)) return;
  const descriptor = openSync(file, "r");
  try {
    const log = new Log(descriptor);
    const damaged = log.damagedFrame();
    if (damaged !== undefined)
      throw new StoreDamaged(
        `${file} is damaged at byte ${String(damaged)}: what was written after it would be lost. Restore a backup, or move it away and lose that`,
      );
  } finally {
    closeSync(descriptor);
  }
}

class Log {
  readonly #file: number;
  readonly #size: number;

  constructor(file: number) {
    this.#file = file;
    this.#size = fstatSync(file).size;
  }

  /** Where the first frame is that is not whole, though others were committed after it; undefined when there is none. */
  damagedFrame(): number | undefined {
    const header = this.#read(0, headerBytes);
    if (header.length < headerBytes || header.every((byte) => byte === 0)) return undefined;
    if (isWholeHeader(header)) return this.#frames(header).damaged();
    // Of a header that was half written nothing follows; one with a single bit changed has its log behind it.
    return correctedHeaders(header).some((corrected) => this.#frames(corrected).begin()) ? 0 : undefined;
  }

  #frames(header: Buffer): Frames {
    return new Frames(header, (offset, length) => this.#read(offset, length), this.#size);
  }

  #read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(this.#file, bytes, 0, length, offset));
  }
}

class Frames {
  readonly #header: Buffer;
  readonly #read: (offset: number, length: number) => Buffer;
  readonly #frameBytes: number;
  readonly #count: number;
  readonly #isLittle: boolean;

  constructor(header: Buffer, read: (offset: number, length: number) => Buffer, size: number) {
    this.#header = header;
    this.#read = read;
    this.#frameBytes = frameHeaderBytes + header.readUInt32BE(8);
    this.#count = Math.floor((size - headerBytes) / this.#frameBytes);
    this.#isLittle = header.readUInt32BE(0) === magic;
  }

  /** Whether the first frame belongs to the header. */
  begin(): boolean {
    return this.#count > 0 && this.#isOwn(this.#frame(0));
  }

  damaged(): number | undefined {
    let sum: Sum = [this.#header.readUInt32BE(24), this.#header.readUInt32BE(28)];
    for (let index = 0; index < this.#count; index += 1) {
      const frame = this.#frame(index);
      const computed = this.#sumOf(frame, sum);
      const stored = storedSum(frame);
      if (!this.#isOwn(frame) || !same(computed, stored)) {
        const isDamaged = this.#goesOn(index, stored) || this.#goesOn(index, computed);
        return isDamaged ? headerBytes + index * this.#frameBytes : undefined;
      }
      sum = stored;
    }
    return undefined;
  }

  /**
   * Whether a later transaction follows the one of the frame `index`, if that frame's checksum is `sum`. One transaction that does not count may lie there,
   * whole or in part: that of a crash, or one that failed. A second one was only begun when the first was on the disk.
   */
  #goesOn(index: number, sum: Sum): boolean {
    let isCommitted = isCommit(this.#frame(index));
    let last = sum;
    for (let next = index + 1; next < this.#count; next += 1) {
      const frame = this.#frame(next);
      if (!this.#isOwn(frame) || !same(this.#sumOf(frame, last), storedSum(frame))) return false;
      if (isCommitted) return true;
      isCommitted = isCommit(frame);
      last = storedSum(frame);
    }
    return false;
  }

  #frame(index: number): Buffer {
    return this.#read(headerBytes + index * this.#frameBytes, this.#frameBytes);
  }

  #isOwn(frame: Buffer): boolean {
    return frame.compare(this.#header, 16, 24, 8, 16) === 0;
  }

  #sumOf(frame: Buffer, before: Sum): Sum {
    return checksum(frame.subarray(frameHeaderBytes), this.#isLittle, checksum(frame.subarray(0, 8), this.#isLittle, before));
  }
}

const isCommit = (frame: Buffer): boolean => frame.readUInt32BE(4) !== 0;
const storedSum = (frame: Buffer): Sum => [frame.readUInt32BE(16), frame.readUInt32BE(20)];
const same = (left: Sum, right: Sum): boolean => left[0] === right[0] && left[1] === right[1];

function isWholeHeader(header: Buffer): boolean {
  const word = header.readUInt32BE(0);
  if (word !== magic && word !== magic + 1) return false;
  const pageSize = header.readUInt32BE(8);
  if (pageSize < 512 || pageSize > 65_536) return false;
  return same(checksum(header.subarray(0, 24), word === magic, [0, 0]), [header.readUInt32BE(24), header.readUInt32BE(28)]);
}

/** The headers that it may have been before one bit of it changed. */
function correctedHeaders(header: Buffer): readonly Buffer[] {
  const all = Array.from({ length: headerBytes * 8 }, (_, bit) => {
    const corrected = Buffer.from(header);
    corrected[bit >>> 3] = (corrected[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    return corrected;
  });
  return all.filter(isWholeHeader);
}

function checksum(bytes: Buffer, isLittle: boolean, [first, second]: Sum): Sum {
  let s0 = first;
  let s1 = second;
  const read = isLittle ? (offset: number) => bytes.readUInt32LE(offset) : (offset: number) => bytes.readUInt32BE(offset);
  for (let offset = 0; offset + 8 <= bytes.length; offset += 8) {
    s0 = (s0 + read(offset) + s1) >>> 0;
    s1 = (s1 + read(offset + 4) + s0) >>> 0;
  }
  return [s0, s1];
}
