import { createHash, type Hash } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type BackupRecord, encodeRecord } from "./backup-record.js";

// So much text is compressed at once, as a gzip member of its own: what was written before a crash can be read.
const memberBytes = 1024 * 1024;

/** Writes a backup to `<path>.part`, which becomes `path` with the first mark. */
export class BackupWriter {
  readonly #path: string;
  readonly #file: number;
  readonly #digest: Hash = createHash("sha256");
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;
  #lines = 0;
  #isNamed = false;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(partOf(path), "w", 0o600);
  }

  write(record: BackupRecord): void {
    const line = encodeRecord(record);
    this.#digest.update(line);
    this.#lines += 1;
    this.#buffered.push(line);
    this.#bufferedBytes += line.length;
    if (this.#bufferedBytes >= memberBytes) this.#flush();
  }

  /** All that was written so far is whole, and on the disk when this returns. */
  mark(revision: bigint, time: Date): void {
    this.write({ type: "mark", revision, time, lines: this.#lines, digest: this.#digest.copy().digest("hex") });
    this.#flush();
    fsyncSync(this.#file);
    if (!this.#isNamed) renameSync(partOf(this.#path), this.#path);
    this.#isNamed = true;
  }

  close(): void {
    closeSync(this.#file);
    if (!this.#isNamed) rmSync(partOf(this.#path), { force: true });
  }

  #flush(): void {
    const member = gzipSync(Buffer.concat(this.#buffered));
    this.#buffered = [];
    this.#bufferedBytes = 0;
    for (let written = 0; written < member.length; ) written += writeSync(this.#file, member, written);
  }
}

const partOf = (path: string): string => `${path}.part`;
