import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Encrypts what must not be readable at rest. `binding` says whose value it is: one that was moved elsewhere does not open. */
export interface Sealer {
  seal(plain: string, binding: string): string;
  /** Throws a plain Error when the value is damaged, from another key or for another binding. */
  open(sealed: string, binding: string): string;
}

const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const form = "v1";

/** AES-256-GCM under the key in `<keyDirectory>/secrets.key` (0600), which is made at the first start. */
export function openSealer({ keyDirectory }: { readonly keyDirectory: string }): Sealer {
  const key = openKey(path.join(keyDirectory, "secrets.key"));
  return {
    seal(plain, binding) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes }).setAAD(Buffer.from(binding));
      const sealed = Buffer.concat([iv, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${form}:${sealed.toString("base64")}`;
    },
    open(sealed, binding) {
      const bytes = Buffer.from(sealed.slice(form.length + 1), "base64");
      if (!sealed.startsWith(`${form}:`) || bytes.length < ivBytes + tagBytes) throw new Error("a stored secret is damaged");
      const body = bytes.subarray(ivBytes, -tagBytes);
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(binding))
        .setAuthTag(bytes.subarray(-tagBytes));
      try {
        return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
      } catch (error) {
        throw new Error("a stored secret cannot be opened: it was changed, or sealed under another key", { cause: error });
      }
    },
  };
}

function openKey(file: string): Buffer {
  if (!existsSync(file)) makeKey(file);
  const key = Buffer.from(readFileSync(file, "utf8").trim(), "base64");
  if (key.length !== keyBytes) throw new Error(`${file} does not hold a key of ${keyBytes} bytes`);
  return key;
}

function makeKey(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${randomBytes(keyBytes).toString("base64")}\n`, { mode: 0o600, flush: true });
  renameSync(temporary, file);
}
