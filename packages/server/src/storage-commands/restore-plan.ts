import type { CopiedEntry } from "@dataplane/storage";
import { readBackup } from "./backup-reader.js";
import { BackupDamaged, type BackupRecord } from "./backup-record.js";

/** A state of the past: of a revision, or of a moment. */
export type PointInTime = { readonly revision: bigint } | { readonly time: Date };

/** What a backup holds, once every line of it has been proven. */
export interface RestorePlan {
  readonly engine: string;
  /** Of the state that is restored. */
  readonly revision: bigint;
  readonly time: Date;
  /** Entries that there were at first. */
  readonly entries: number;
  /** What changed after, up to the state: the newest entry of a key, undefined where it was deleted. */
  readonly changed: ReadonlyMap<string, CopiedEntry | undefined>;
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[];
  /** True when the file ends after its last mark, in something that cannot be used. */
  readonly isCut: boolean;
}

/** Reads the whole file. Throws BackupDamaged, also for a point in time that it does not reach. */
export async function planRestore(path: string, at?: PointInTime): Promise<RestorePlan> {
  const plan = new Planning(at);
  for await (const record of readBackup(path)) {
    if (record.type === "cut") break;
    plan.take(record);
  }
  return plan.done();
}

class Planning {
  readonly #at: PointInTime | undefined;
  readonly #changed = new Map<string, CopiedEntry | undefined>();
  readonly #files: { readonly name: string; readonly content: Uint8Array }[] = [];
  #engine = "";
  #entries = 0;
  #state: { readonly revision: bigint; readonly time: Date } | undefined;
  /** Changes that no mark has said are whole. */
  #pending: Extract<BackupRecord, { type: "put" | "delete" }>[] = [];
  #isOver = false;
  #unmarked = 0;

  constructor(at: PointInTime | undefined) {
    this.#at = at;
  }

  take(record: BackupRecord): void {
    this.#unmarked = record.type === "mark" ? 0 : this.#unmarked + 1;
    switch (record.type) {
      case "backup":
        this.#engine = record.engine;
        return;
      case "entry":
        this.#entries += 1;
        return;
      case "file":
        this.#files.push(record);
        return;
      case "mark":
        this.#mark(record);
        return;
      case "put":
      case "delete":
        this.#pending.push(record);
    }
  }

  done(): RestorePlan {
    if (this.#state === undefined) throw new BackupDamaged("the backup was not finished");
    if (this.#at !== undefined && !this.#isOver && isAfter(this.#state, this.#at))
      throw new BackupDamaged(`the backup ends at revision ${String(this.#state.revision)}, ${this.#state.time.toISOString()}`);
    const { revision, time } = this.#state;
    return { engine: this.#engine, revision, time, entries: this.#entries, changed: this.#changed, files: this.#files, isCut: this.#unmarked > 0 };
  }

  #mark({ revision, time }: Extract<BackupRecord, { type: "mark" }>): void {
    if (this.#state === undefined) {
      this.#state = { revision, time };
      if (this.#at !== undefined && isBefore(this.#state, this.#at))
        throw new BackupDamaged(`the backup begins at revision ${String(revision)}, ${time.toISOString()}`);
      return;
    }
    for (const change of this.#pending) this.#change(change);
    this.#pending = [];
    if (!this.#isOver && (this.#at === undefined || !isBefore({ revision, time }, this.#at))) this.#state = { revision, time };
    else this.#isOver = true;
  }

  #change(change: Extract<BackupRecord, { type: "put" | "delete" }>): void {
    const revision = change.type === "put" ? change.entry.revision : change.revision;
    const { time } = change;
    if (this.#isOver || (this.#at !== undefined && isBefore({ revision, time }, this.#at))) {
      this.#isOver = true;
      return;
    }
    this.#changed.set(change.type === "put" ? change.entry.key : change.key, change.type === "put" ? change.entry : undefined);
    this.#state = { revision, time };
  }
}

/** Whether the point in time lies before that state. */
const isBefore = (state: { readonly revision: bigint; readonly time: Date }, at: PointInTime): boolean =>
  "revision" in at ? at.revision < state.revision : at.time < state.time;

const isAfter = (state: { readonly revision: bigint; readonly time: Date }, at: PointInTime): boolean =>
  "revision" in at ? at.revision > state.revision : false;
