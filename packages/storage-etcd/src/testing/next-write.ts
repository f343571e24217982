import type { Change, WriteChange } from "@dataplane/storage";

/** The next change that is no progress. Throws when the watch ends. */
export async function nextWrite(changes: AsyncIterator<Change>): Promise<WriteChange> {
  for (;;) {
    const result = await changes.next();
    if (result.done === true) throw new Error("the watch ended");
    if (result.value.type !== "progress") return result.value;
  }
}
