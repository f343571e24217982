import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { socketFolderPrefix } from "./run-records.js";

/** Path of a unix socket, with its end mark, in the strictest of our platforms (macOS). */
const maxSocketPath = 104;
/** `/plugin` and the random digits that go-plugin adds. */
const nameLength = 24;

/** A new private folder (mode 0700) for the sockets of one plugin process, short enough for a socket's path. */
export function makeSocketDirectory(): string {
  const base = tmpdir();
  const tooLong = join(base, `${socketFolderPrefix}XXXXXX`).length + nameLength > maxSocketPath;
  return mkdtempSync(join(tooLong && process.platform !== "win32" ? "/tmp" : base, socketFolderPrefix));
}

export const removeSocketDirectory = (directory: string): void => rmSync(directory, { recursive: true, force: true });
