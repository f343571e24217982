import { crc32, deflateRawSync } from "node:zlib";

/** One file of an archive. */
export interface ZipEntry {
  /** With slashes. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly isExecutable: boolean;
}

/** No ZIP64: a plugin is far smaller than 4 GiB, and far below 65,535 files. */
const maxBytes = 0xffff_ffff;
const maxEntries = 0xffff;

/**
 * A ZIP archive (APPNOTE.TXT 6.3) of the entries in the order given. The same entries give the same bytes: no time of day, no owner, no
 * folder's own entry. Throws RangeError for more than the format holds.
 */
export function writeZip(entries: readonly ZipEntry[]): Buffer {
  if (entries.length > maxEntries) throw new RangeError(`more than ${maxEntries} files`);
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const packed = pack(entry);
    const local = Buffer.concat([localHeader(packed), packed.name, packed.data]);
    bodies.push(local);
    directory.push(directoryHeader(packed, entry.isExecutable, offset), packed.name);
    offset += local.length;
    if (offset > maxBytes) throw new RangeError("more than 4 GiB");
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...bodies, central, endRecord(entries.length, central.length, offset)]);
}

interface Packed {
  readonly name: Buffer;
  readonly data: Uint8Array;
  readonly size: number;
  readonly crc: number;
  readonly method: 0 | 8;
}

function pack({ path, content }: ZipEntry): Packed {
  const deflated = deflateRawSync(content, { level: 9 });
  const isSmaller = deflated.length < content.length;
  return {
    name: Buffer.from(path, "utf8"),
    data: isSmaller ? deflated : content,
    size: content.length,
    crc: crc32(content),
    method: isSmaller ? 8 : 0,
  };
}

const neededVersion = 20;
const utf8Names = 0x0800;
/** 1980-01-01, the format's first day. */
const date = 0x0021;

/** Fields that both headers have, from "version needed" on. */
function writeCommon(header: Buffer, at: number, { method, crc, data, size, name }: Packed): void {
  header.writeUInt16LE(neededVersion, at);
  header.writeUInt16LE(utf8Names, at + 2);
  header.writeUInt16LE(method, at + 4);
  header.writeUInt16LE(0, at + 6);
  header.writeUInt16LE(date, at + 8);
  header.writeUInt32LE(crc, at + 10);
  header.writeUInt32LE(data.length, at + 14);
  header.writeUInt32LE(size, at + 18);
  header.writeUInt16LE(name.length, at + 22);
}

function localHeader(packed: Packed): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x0403_4b50, 0);
  writeCommon(header, 4, packed);
  return header;
}

function directoryHeader(packed: Packed, isExecutable: boolean, offset: number): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x0201_4b50, 0);
  // Made on Unix, so that the mode below counts.
  header.writeUInt16LE((3 << 8) | neededVersion, 4);
  writeCommon(header, 6, packed);
  header.writeUInt16LE(isExecutable ? 0o100_755 : 0o100_644, 40);
  header.writeUInt32LE(offset, 42);
  return header;
}

function endRecord(entries: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x0605_4b50, 0);
  record.writeUInt16LE(entries, 8);
  record.writeUInt16LE(entries, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(offset, 16);
  return record;
}
