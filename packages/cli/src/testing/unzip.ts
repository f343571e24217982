import { inflateRawSync } from "node:zlib";

/** The files of an archive by path, read from its central directory; an independent look at what writeZip writes. */
export function unzip(archive: Buffer): ReadonlyMap<string, { readonly content: Buffer; readonly mode: number }> {
  const files = new Map<string, { readonly content: Buffer; readonly mode: number }>();
  const end = archive.length - 22;
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26);
    const data = archive.subarray(start, start + archive.readUInt32LE(at + 20));
    const content = archive.readUInt16LE(at + 10) === 8 ? inflateRawSync(data) : data;
    files.set(name, { content, mode: archive.readUInt16LE(at + 40) & 0o777 });
    at += 46 + nameLength;
  }
  return files;
}
