import { randomBytes, randomFillSync } from "node:crypto";
import { nonceBytes, openGcm, sealGcm } from "./gcm.js";

/** A data key as it lies in front of each value that it sealed: nonce, key and tag. */
export const sealedDataKeyBytes = 60;
const dataKeyBytes = 32;
const rememberedKeys = 1_000;

export interface DataKeysOptions {
  readonly keyEncryptionKey: Uint8Array;
  /** Who seals, so that a data key of another one does not open. */
  readonly additional: Uint8Array;
  /** Values that one data key seals before there is another one; 2^20 unless told. */
  readonly usesPerKey?: number;
}

interface DataKey {
  readonly key: Buffer;
  readonly sealed: Buffer;
  uses: number;
}

/**
 * Keys for values, each sealed under the key-encryption key. One is made by the first value of this process and after every so many, and
 * seals for no other process: its nonces are counted, so that none comes twice, and the key-encryption key itself seals a few values only.
 */
export class DataKeys {
  readonly #options: DataKeysOptions;
  readonly #usesPerKey: number;
  #current: DataKey | undefined;
  /** By the sealed form. */
  readonly #opened = new Map<string, Buffer>();

  constructor(options: DataKeysOptions) {
    this.#options = options;
    this.#usesPerKey = options.usesPerKey ?? 2 ** 20;
  }

  /** The key to seal the next value with, and a nonce for that value alone. */
  next(): { readonly key: Buffer; readonly sealed: Buffer; readonly nonce: Buffer } {
    if (this.#current === undefined || this.#current.uses >= this.#usesPerKey) this.#current = this.#newKey();
    this.#current.uses += 1;
    // The counter alone makes it unique here; the random part does so for a copy of this process, such as a virtual machine that was put back.
    const nonce = Buffer.alloc(nonceBytes);
    randomFillSync(nonce, 0, 4);
    nonce.writeBigUInt64BE(BigInt(this.#current.uses), 4);
    return { key: this.#current.key, sealed: this.#current.sealed, nonce };
  }

  /** Throws when it was sealed under another key-encryption key. */
  open(sealed: Uint8Array): Buffer {
    const name = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).toString("latin1");
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const key = openGcm(this.#options.keyEncryptionKey, sealed, this.#options.additional);
    this.#remember(name, key);
    return key;
  }

  #newKey(): DataKey {
    const key = randomBytes(dataKeyBytes);
    const sealed = sealGcm(this.#options.keyEncryptionKey, randomBytes(nonceBytes), key, this.#options.additional);
    this.#remember(sealed.toString("latin1"), key);
    return { key, sealed, uses: 0 };
  }

  #remember(name: string, key: Buffer): void {
    if (this.#opened.size >= rememberedKeys) this.#opened.clear();
    this.#opened.set(name, key);
  }
}
