/** Another process has the store open. */
export class StoreLocked extends Error {
  override readonly name = "StoreLocked";
  readonly path: string;
  /** Of the process that has it; undefined when it did not say. */
  readonly pid: number | undefined;

  constructor(path: string, pid: number | undefined) {
    super(`${path} is in use by ${pid === undefined ? "another process" : `process ${String(pid)}`}`);
    this.path = path;
    this.pid = pid;
  }
}

/** A newer release wrote the store: this one would not understand it. */
export class SchemaTooNew extends Error {
  override readonly name = "SchemaTooNew";

  constructor(path: string, found: number, known: number) {
    super(`${path} has schema version ${String(found)}, but this release knows versions up to ${String(known)}: run the newer release`);
  }
}
