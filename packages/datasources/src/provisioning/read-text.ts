import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { ProvisioningError } from "./provisioning-error.js";

const fileLimitBytes = 4 * 1024 * 1024;

/** The text of a regular file, links followed, without a byte order mark. Throws ProvisioningError, and what the file system throws. */
export async function readText(file: string): Promise<string> {
  // A pipe nobody writes to would hold up the start for ever.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (!found.isFile() && !found.isDirectory()) throw new ProvisioningError("it is no regular file");
    // What it says of its size need not be so when it is read.
    if (found.size > fileLimitBytes) throw tooLarge();
    const pieces: Buffer[] = [];
    for await (const piece of handle.createReadStream({ end: fileLimitBytes, autoClose: false })) pieces.push(piece as Buffer);
    const bytes = Buffer.concat(pieces);
    if (bytes.byteLength > fileLimitBytes) throw tooLarge();
    return decoded(bytes);
  } finally {
    await handle.close();
  }
}

const tooLarge = (): ProvisioningError => new ProvisioningError(`larger than ${fileLimitBytes} bytes`);

function decoded(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Said below.
  }
  throw new ProvisioningError("it is no text in UTF-8");
}
