import { existsSync } from "node:fs";
import path from "node:path";
import { openSealer } from "@dataplane/datasources";
import { RevisionConflict, type Store } from "@dataplane/storage";
import { reservedKey } from "@dataplane/storage-encryption";
import { CannotStart } from "../cannot-start.js";

const storeKey = reservedKey("keys", "check", "secure");
const binding = "check of the keys for secure values";

/**
 * What was sealed at an earlier start must open: else `secure` values would not either, and new ones would be sealed under a key that the old ones do
 * not know. Throws CannotStart before anything is made or written.
 */
export async function proveSealingKeys(keyDirectory: string, store: Store): Promise<void> {
  const file = path.join(keyDirectory, "secrets.key");
  const entry = await store.get(storeKey);
  if (entry !== undefined && !existsSync(file))
    throw new CannotStart(`${file} is gone, and stored secure values are sealed under its keys: restore it. Nothing was changed.`);
  const sealer = openSealer({ keyDirectory });
  if (entry !== undefined && !opens(() => sealer.open(Buffer.from(entry.value).toString("utf8"), binding))) {
    throw new CannotStart(`${file} does not have the key that stored secure values are sealed under: restore it. Nothing was changed.`);
  }
  if (entry !== undefined) return;
  await store.put(storeKey, Buffer.from(sealer.seal(binding, binding)), { expected: 0n }).catch((error: unknown) => {
    if (!(error instanceof RevisionConflict)) throw error;
  });
}

function opens(open: () => unknown): boolean {
  try {
    open();
    return true;
  } catch {
    return false;
  }
}
