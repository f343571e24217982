import { compareKeys, type Entry, type History, type Listing, type Page, prefixEnd, RevisionCompacted, RevisionFuture } from "@dataplane/storage";
import type { ExpiredKey } from "../engine.js";
import { type NetworkCalls, repeatedly } from "./network-calls.js";
import type { SqlRow, SqlStatement, SqlValue } from "./network-dialect.js";
import { changeIn, entryIn, keyIn, numberIn } from "./network-rows.js";
import * as sql from "./network-sql.js";

/** A page of a list as one statement gave it. */
interface Rows {
  readonly rows: readonly SqlRow[];
  readonly newest: bigint;
}

// A long list is read in parts, each of which is to be there within the time of a call: so many rows at first, then as many as have 4 MiB by what was seen.
const firstRows = 256;
const mostRows = 4096;
const listAttempts = 3;
const partBytes = 4 * 1024 * 1024;

/** No text in UTF-8 begins with this byte. */
const afterAll = new Uint8Array([0xff]);
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Reads of a database that others write to: each is one statement, and so one snapshot. */
export class NetworkReader {
  readonly #calls: NetworkCalls;

  constructor(calls: NetworkCalls) {
    this.#calls = calls;
  }

  async revision(): Promise<bigint> {
    const [row] = await this.#query({ sql: sql.counter });
    return BigInt(numberIn(row, "revision"));
  }

  async get(key: string): Promise<Entry | undefined> {
    const [row] = await this.#query({ sql: sql.currentOf(1), values: [bytes(key)] });
    if (row === undefined) return undefined;
    const entry = entryIn(row);
    if (entry.damage !== undefined) throw entry.damage;
    return entry;
  }

  async list(prefix: string, page: Page): Promise<Listing> {
    for (let left = listAttempts; ; left -= 1) {
      try {
        return await this.#list(prefix, page);
      } catch (error) {
        // A list of now that took so long that its beginning is compacted begins anew.
        if (page.at !== undefined || left === 1 || !(error instanceof RevisionCompacted)) throw error;
      }
    }
  }

  async #list(prefix: string, { limit = Infinity, after, at }: Page): Promise<Listing> {
    const entries: Entry[] = [];
    let revision = at;
    let size = firstRows;
    for (let last = after; ; last = entries.at(-1)?.key) {
      const most = Math.min(size, limit - entries.length + 1);
      const { rows, newest } = await (at === undefined ? this.#partOfNow(prefix, last, revision, most) : this.#partAt(prefix, last, at, most));
      revision ??= newest;
      for (const row of rows) entries.push(entryIn(row));
      if (entries.length > limit) return { entries: entries.slice(0, limit), revision, more: true };
      if (rows.length < most) return { entries, revision, more: false };
      size = sizeOfNext(entries.slice(-rows.length));
    }
  }

  /** See Engine.history. */
  async history(prefix: string, after: bigint, last: bigint): Promise<History> {
    // Revision 0 is before the empty store: nothing happened from there to 1.
    const since = after < 1n ? 1n : after;
    const values = [Number(since), Number(last), bytes(prefix), endOf(prefix)];
    const found = await this.#query({ sql: sql.history, values });
    const { rows, newest } = besideCounter(found, since);
    const upTo = last < newest ? last : newest;
    const final = rows.at(-1);
    if (final === undefined) return { changes: [], upTo: upTo < since ? since : upTo };
    const page = numberIn(final, "page");
    const isCut = rows.length < page || page === sql.historyLimit;
    return { changes: rows.map(changeIn), upTo: isCut ? BigInt(numberIn(final, "revision")) : upTo };
  }

  /** By the database's clock, which is everybody's. */
  async expired(): Promise<readonly ExpiredKey[]> {
    const rows = await this.#query({ sql: sql.expired(this.#calls.dialect.now) });
    return rows.map((row) => ({ key: keyIn(row), revision: BigInt(numberIn(row, "revision")) }));
  }

  async nextExpiry(): Promise<number | undefined> {
    const [row] = await this.#query({ sql: sql.nextExpiry(this.#calls.dialect.now) });
    return row === undefined ? undefined : this.#calls.clock.now().getTime() + numberIn(row, "remaining");
  }

  /** At most `most` rows after the key `after`, as they are now, or as at `begun` when something was written since a list of now began there. */
  async #partOfNow(prefix: string, after: string | undefined, begun: bigint | undefined, most: number): Promise<Rows> {
    const found = await this.#query({ sql: sql.listNewest, values: [...rangeOf(prefix, after), most] });
    const part = besideCounter(found, undefined);
    return begun === undefined || begun === part.newest ? part : this.#partAt(prefix, after, begun, most);
  }

  async #partAt(prefix: string, after: string | undefined, at: bigint, most: number): Promise<Rows> {
    const found = await this.#query({ sql: sql.listAt, values: [...rangeOf(prefix, after), Number(at), Number(at), most] });
    const part = besideCounter(found, at);
    if (at > part.newest) throw new RevisionFuture(part.newest);
    return part;
  }

  #query({ sql: text, values }: SqlStatement): Promise<readonly SqlRow[]> {
    return repeatedly(this.#calls, (connection) => connection.query(text, values));
  }
}

/** Without the row that a statement gives where it found nothing. Throws RevisionCompacted when `since` is older than what is kept. */
function besideCounter(found: readonly SqlRow[], since: bigint | undefined): Rows {
  const oldest = BigInt(numberIn(found[0], "oldest"));
  if (since !== undefined && since < oldest) throw new RevisionCompacted(oldest);
  return { rows: found[0]?.["revision"] === null ? [] : found, newest: BigInt(numberIn(found[0], "newest")) };
}

const rangeOf = (prefix: string, after: string | undefined): readonly SqlValue[] => [
  bytes(prefix),
  bytes(after === undefined || compareKeys(after, prefix) < 0 ? "" : after),
  endOf(prefix),
];

const endOf = (prefix: string): Uint8Array => {
  const end = prefixEnd(prefix);
  return end === undefined ? afterAll : bytes(end);
};

function sizeOfNext(entries: readonly Entry[]): number {
  const sum = entries.reduce((total, { value }) => total + value.byteLength + 64, 0);
  const average = Math.ceil(sum / Math.max(1, entries.length));
  return Math.max(1, Math.min(mostRows, Math.floor(partBytes / Math.max(1, average))));
}
