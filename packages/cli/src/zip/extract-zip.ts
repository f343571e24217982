import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise } from "yauzl";

/** An archive that nobody should unpack; the message says why. */
export class UnsafeZip extends Error {
  override readonly name = "UnsafeZip";
}

export interface ZipLimits {
  /** Unpacked, all together. */
  readonly bytes: number;
  readonly entries: number;
}

/** Plugins with programs for every platform have some hundred MB. */
export const pluginZipLimits: ZipLimits = { bytes: 2 ** 30, entries: 20_000 };

/**
 * Unpacks an archive into an empty folder. Refused, with UnsafeZip: paths that lead out of the folder, links and other special files, two
 * entries with one name (also in another case), encryption, and more bytes or entries than the limits allow, whatever the archive says of itself.
 */
export async function extractZip(file: string, into: string, limits: ZipLimits = pluginZipLimits): Promise<void> {
  const archive = await openPromise(file, { strictFileNames: true, lazyEntries: true, autoClose: false }).catch(asUnsafe);
  const state = { left: limits.bytes, names: new Set<string>() };
  try {
    if (archive.entryCount > limits.entries) throw new UnsafeZip(`more than ${limits.entries} entries`);
    for await (const entry of archive.eachEntry()) {
      check(entry, state.names);
      const target = join(into, ...entry.fileName.split("/"));
      if (entry.fileName.endsWith("/")) {
        await mkdir(target, { recursive: true });
        continue;
      }
      if (entry.uncompressedSize > state.left) throw tooLarge(limits);
      await mkdir(dirname(target), { recursive: true });
      const mode = isExecutable(entry) ? 0o755 : 0o644;
      await pipeline(await archive.openReadStreamPromise(entry), counting(state, limits), createWriteStream(target, { flags: "wx", mode }));
    }
  } catch (thrown) {
    asUnsafe(thrown);
  } finally {
    archive.close();
  }
}

function asUnsafe(thrown: unknown): never {
  if (thrown instanceof UnsafeZip) throw thrown;
  throw new UnsafeZip(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}

const tooLarge = ({ bytes }: ZipLimits): UnsafeZip => new UnsafeZip(`more than ${bytes} bytes unpacked`);

/** Unix mode, where the archive was made on a Unix; 0 elsewhere (APPNOTE.TXT 4.4.15). */
const unixMode = ({ externalFileAttributes, versionMadeBy }: Entry): number => (versionMadeBy >>> 8 === 3 ? externalFileAttributes >>> 16 : 0);
const isExecutable = (entry: Entry): boolean => (unixMode(entry) & 0o111) !== 0;

const fileTypes = { mask: 0o170000, file: 0o100000, folder: 0o040000 };

function check(entry: Entry, names: Set<string>): void {
  const { fileName } = entry;
  const shown = JSON.stringify(fileName);
  const type = unixMode(entry) & fileTypes.mask;
  // Some tools set no type at all.
  if (type !== 0 && type !== fileTypes.file && type !== fileTypes.folder) throw new UnsafeZip(`${shown} is a link or a special file`);
  if (entry.isEncrypted()) throw new UnsafeZip(`${shown} is encrypted`);
  const segments = fileName.replace(/\/$/, "").split("/");
  if (segments.some((it) => it === "" || it === "." || it === ".." || it.includes("\0") || it.length > 255) || segments.length > 32) {
    throw new UnsafeZip(`${shown} is no path below a folder`);
  }
  const name = segments.join("/").toLowerCase();
  if (names.has(name)) throw new UnsafeZip(`${shown} is there twice`);
  names.add(name);
}

/** Counts what really comes, not what the archive promised. */
function counting(state: { left: number }, limits: ZipLimits): Transform {
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      state.left -= piece.length;
      if (state.left < 0) done(tooLarge(limits));
      else done(undefined, piece);
    },
  });
}
