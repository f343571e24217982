import type { RangeRequest } from "./messages.js";

/** Keys of a store as they lie in etcd: each behind a prefix, so that the cluster can be shared. */
export class KeySpace {
  readonly #prefix: string;
  readonly #prefixBytes: number;
  /** Among the store's keys, but none of them: who may use those may use it. */
  readonly probe: Buffer;
  readonly #end: Buffer;

  /** Slashes at the end of `prefix` do not count. */
  constructor(prefix: string) {
    let end = prefix.length;
    while (prefix.charAt(end - 1) === "/") end -= 1;
    this.#prefix = prefix.slice(0, end);
    this.#prefixBytes = Buffer.byteLength(this.#prefix);
    this.probe = this.toEtcd("/");
    this.#end = rangeEnd(this.probe);
  }

  toEtcd(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  /** The store's key; undefined when it is none of the store's. */
  fromEtcd(key: Uint8Array): string | undefined {
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
    if (bytes.compare(this.probe) <= 0 || bytes.compare(this.#end) >= 0) return undefined;
    return bytes.toString("utf8", this.#prefixBytes);
  }

  /** Keys that begin with `prefix`, and are greater than `after`. */
  range(prefix: string, after?: string): Required<Pick<RangeRequest, "key" | "rangeEnd">> {
    // A prefix that no key begins with must not reach other people's keys.
    if (prefix !== "" && !prefix.startsWith("/")) return { key: this.#end, rangeEnd: this.#end };
    const start = prefix === "" ? this.probe : this.toEtcd(prefix);
    if (after === undefined) return { key: start, rangeEnd: rangeEnd(start) };
    const next = this.toEtcd(`${after}\0`);
    return { key: next.compare(start) > 0 ? next : start, rangeEnd: rangeEnd(start) };
  }
}

/** Every key of etcd. */
export const allKeys = { key: Buffer.of(0), rangeEnd: Buffer.of(0) } as const;

/** The least key that is greater than all that begin with `prefix`, which is not empty. */
function rangeEnd(prefix: Buffer): Buffer {
  // UTF-8 has no byte 0xff, so that the last one can be raised.
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}
