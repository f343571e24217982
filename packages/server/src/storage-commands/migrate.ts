import type { StoreExport, StoreImport } from "@dataplane/storage";
import { entriesOf } from "./copy-entries.js";
import { Progress, type ProgressOutput } from "./progress.js";

/** Somebody wrote to the store while it was moved. */
export class SourceChanged extends Error {
  override readonly name = "SourceChanged";

  constructor() {
    super("the store was written while it was copied: stop all its servers, and run this again");
  }
}

export interface MigrateOptions {
  /** Of servers that are stopped. */
  readonly source: StoreExport;
  readonly target: StoreImport;
  readonly output: ProgressOutput;
}

export interface MigrateReport {
  readonly entries: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** Copies all there is. Throws SourceChanged, and leaves the target marked as incomplete, when the source was written meanwhile. */
export async function migrate({ source, target, output }: MigrateOptions): Promise<MigrateReport> {
  const from = await source.revision();
  const progress = new Progress("entries", await source.count(), output);
  let entries = 0;
  for await (const page of entriesOf(source, from)) {
    await target.put(page);
    entries += page.length;
    progress.add(page.length);
  }
  progress.end();
  if ((await source.revision()) !== from) throw new SourceChanged();
  return { entries, from, to: await target.finish(from) };
}
