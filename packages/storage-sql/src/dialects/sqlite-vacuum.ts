import { type Database, numberOf, type Statement } from "./sqlite-driver.js";

/** Begins when so much of the file is free, and goes on until a tenth is left, which the next writes will want. */
const worthwhilePages = 1024;
const worthwhileShare = 0.25;
const keptShare = 0.1;
// Of 4 KiB: a step is a millisecond or two.
const pagesOfAStep = 64;

/** Gives free pages back to the disk, a few at a time: a VACUUM of the whole file would hold writers up for as long as it takes. */
export class SqliteVacuum {
  readonly #database: Database;
  readonly #pageCount: Statement;
  readonly #freePages: Statement;
  #isUnderWay = false;

  constructor(database: Database) {
    this.#database = database;
    this.#pageCount = database.prepare("PRAGMA page_count");
    this.#freePages = database.prepare("PRAGMA freelist_count");
  }

  /** One step, within the transaction that is open, if there is enough to give back. Returns whether there is more. */
  step(): boolean {
    const pages = numberOf(this.#pageCount.get(), "page_count");
    const free = numberOf(this.#freePages.get(), "freelist_count");
    this.#isUnderWay = this.#isUnderWay ? free > pages * keptShare : free >= worthwhilePages && free > pages * worthwhileShare;
    if (this.#isUnderWay) this.#database.exec(`PRAGMA incremental_vacuum(${String(pagesOfAStep)})`);
    return this.#isUnderWay;
  }
}
