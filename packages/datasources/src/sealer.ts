import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
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

/**
 * AES-256-GCM under the keys in `<keyDirectory>/secrets.key` (0600), of which one is made at the first start: a line each, base64. The first one
 * seals, all open: a new key is put above the old ones, which stay. The file is read again when it changes.
 */
export function openSealer({ keyDirectory }: { readonly keyDirectory: string }): Sealer {
  const keys = new KeyFile(path.join(keyDirectory, "secrets.key"));
  return {
    seal(plain, binding) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", keys.first(), iv, { authTagLength: tagBytes }).setAAD(Buffer.from(binding));
      const sealed = Buffer.concat([iv, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${form}:${sealed.toString("base64")}`;
    },
    open(sealed, binding) {
      const bytes = Buffer.from(sealed.slice(form.length + 1), "base64");
      if (!sealed.startsWith(`${form}:`) || bytes.length < ivBytes + tagBytes) throw new Error("a stored secret is damaged");
      let failure: unknown;
      for (const key of keys.all()) {
        try {
          return openedWith(key, bytes, binding);
        } catch (error) {
          failure = error;
        }
      }
      throw new Error("a stored secret cannot be opened: it was changed, or sealed under another key", { cause: failure });
    },
  };
}

/** Adds a key: it opens from now on, and seals too when it is the first. */
export function addSealingKey(keyDirectory: string, key: Buffer, place: "first" | "last"): void {
  const file = path.join(keyDirectory, "secrets.key");
  const line = key.toString("base64");
  const others = existsSync(file)
    ? readKeys(file)
        .filter((it) => !it.equals(key))
        .map((it) => it.toString("base64"))
    : [];
  writeKeys(file, place === "first" ? [line, ...others] : [...others, line]);
}

function openedWith(key: Buffer, bytes: Buffer, binding: string): string {
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
    .setAAD(Buffer.from(binding))
    .setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]).toString("utf8");
}

/** The keys as the file has them now. */
class KeyFile {
  readonly #file: string;
  #loaded: { readonly stamp: string; readonly first: Buffer; readonly keys: readonly Buffer[] };

  /** Throws for a file that holds no keys. */
  constructor(file: string) {
    this.#file = file;
    if (!existsSync(file)) writeKeys(file, [randomBytes(keyBytes).toString("base64")]);
    this.#loaded = load(file);
  }

  first(): Buffer {
    return this.#current().first;
  }

  all(): readonly Buffer[] {
    return this.#current().keys;
  }

  #current(): { readonly first: Buffer; readonly keys: readonly Buffer[] } {
    // Whoever takes the file away, or spoils it, does not take the keys from a server that runs.
    try {
      if (stampOf(this.#file) !== this.#loaded.stamp) this.#loaded = load(this.#file);
    } catch {
      return this.#loaded;
    }
    return this.#loaded;
  }
}

const stampOf = (file: string): string => {
  const { ino, mtimeMs, size } = statSync(file);
  return `${String(ino)} ${String(mtimeMs)} ${String(size)}`;
};

function load(file: string): { readonly stamp: string; readonly first: Buffer; readonly keys: readonly Buffer[] } {
  const stamp = stampOf(file);
  const keys = readKeys(file);
  const [first] = keys;
  if (first === undefined) throw new Error(`${file} does not hold a key of ${String(keyBytes)} bytes`);
  return { stamp, first, keys };
}

function readKeys(file: string): readonly Buffer[] {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const key = Buffer.from(line.trim(), "base64");
    if (key.length !== keyBytes) throw new Error(`${file} does not hold a key of ${String(keyBytes)} bytes in each line`);
    return key;
  });
}

function writeKeys(file: string, lines: readonly string[]): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${String(process.pid)}.tmp`;
  writeFileSync(temporary, `${lines.join("\n")}\n`, { mode: 0o600, flush: true });
  renameSync(temporary, file);
}
