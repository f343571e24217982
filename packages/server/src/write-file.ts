import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A reader sees the old file or the new one, never a part; `mode` holds whatever the umask. */
export function writeFileAtomically(file: string, content: string | Uint8Array, mode: number): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode, flush: true });
  chmodSync(temporary, mode);
  renameSync(temporary, file);
}
