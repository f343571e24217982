import { StoreDamaged, StoreReadOnly, StoreUnavailable } from "@dataplane/storage";

/**
 * What a failure of SQLite means: `read-only` nothing can be written now (full, read-only or failing disk), `unknown` the disk failed under a
 * COMMIT, `damaged` the file is not what was written, `other` a fault of ours.
 */
export type SqliteFailureKind = "read-only" | "unknown" | "damaged" | "other";

/** What the thread that writes tells of a failure. */
export interface SqliteFailure {
  readonly kind: SqliteFailureKind;
  readonly message: string;
  /** Whose value is damaged, where that is known. */
  readonly key: string | undefined;
}

// The primary result codes: https://www.sqlite.org/rescode.html
const busy = 5;
const readOnly = 8;
const ioError = 10;
const corrupt = 11;
const full = 13;
const cannotOpen = 14;
const notADatabase = 26;

// Of the extended ones: the file ends where a page of it should be.
const shortRead = 522;

/** The result code; libsql says `rawCode`, Node's own SQLite `errcode`. */
function resultCode(thrown: unknown): number | undefined {
  const code: unknown = Reflect.get(Object(thrown), "rawCode") ?? Reflect.get(Object(thrown), "errcode");
  return typeof code === "number" ? code : undefined;
}

function primaryCode(thrown: unknown): number | undefined {
  const code = resultCode(thrown);
  if (code === shortRead) return corrupt;
  return code === undefined ? undefined : code & 0xff;
}

/** Of a failure to write; `committing` tells that COMMIT was what failed. */
export function writeFailure(thrown: unknown, committing: boolean): SqliteFailure {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof StoreDamaged) return { kind: "damaged", message, key: thrown.key };
  return { kind: kindOf(primaryCode(thrown), committing), message, key: undefined };
}

function kindOf(code: number | undefined, committing: boolean): SqliteFailureKind {
  // When its sync fails, what was written of a commit may or may not be found after a crash. A full disk has no whole commit on it.
  if (code === ioError && committing) return "unknown";
  if (code === full || code === readOnly || code === ioError || code === cannotOpen || code === busy) return "read-only";
  return code === corrupt || code === notADatabase ? "damaged" : "other";
}

/** The same failure in the contract's words, of a read. Others are left as they are. */
export function readFailure(thrown: unknown): unknown {
  const code = primaryCode(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (code === corrupt || code === notADatabase) return new StoreDamaged(`the database file is damaged: ${message}`, undefined, { cause: thrown });
  // A number that no row of ours can have.
  if (thrown instanceof RangeError && Reflect.get(thrown, "code") === "ERR_OUT_OF_RANGE")
    return new StoreDamaged(`the database file is damaged: ${message}`, undefined, { cause: thrown });
  if (code === ioError || code === cannotOpen || code === full || code === busy || code === readOnly)
    return new StoreUnavailable(`the database file cannot be read: ${message}`, { cause: thrown });
  return thrown;
}

export const storeReadOnly = (problem: string): StoreReadOnly => new StoreReadOnly(`nothing can be written now: ${problem}`);
