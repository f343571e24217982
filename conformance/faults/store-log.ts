import { silentLogger, systemClock } from "@dataplane/meta";
import type { Change } from "@dataplane/storage";
import { openStore } from "../../packages/server/src/open-store.js";
import type { StoreLocation } from "../../packages/server/src/store-location.js";
import type { Json } from "../testing/call.js";
import { isKey, namespace, textOf } from "./config-maps.js";
import type { LoggedChange } from "./history.js";

/** The store's own history of our objects after a revision, read from the database itself, without any server. */
export async function readStoreLog(location: StoreLocation, after: number): Promise<readonly LoggedChange[]> {
  const store = await openStore({ location, clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  const changes: LoggedChange[] = [];
  // What follows the last change is progress alone, and somebody must ask for it.
  const asking = setInterval(() => void store.revision().catch(() => undefined), 50);
  try {
    const newest = await store.revision();
    if (newest <= BigInt(after)) return changes;
    for await (const change of store.watch("/", BigInt(after), stop.signal)) {
      if (revisionOf(change) > newest) break;
      const logged = loggedChange(change);
      if (logged !== undefined) changes.push(logged);
      if (revisionOf(change) >= newest) break;
    }
    return changes;
  } finally {
    clearInterval(asking);
    stop.abort();
    await store.close();
  }
}

const revisionOf = (change: Change): bigint => (change.type === "put" ? change.entry.revision : change.revision);

function loggedChange(change: Change): LoggedChange | undefined {
  if (change.type === "progress") return undefined;
  const path = change.type === "put" ? change.entry.key : change.key;
  const [resource, inNamespace, key = ""] = path.split("/").slice(-3);
  if (resource !== "configmaps" || inNamespace !== namespace || !isKey(key)) return undefined;
  const revision = Number(revisionOf(change));
  if (change.type === "delete") return { revision, key };
  const text = new TextDecoder().decode(change.entry.value).split("\0", 1)[0] ?? "";
  return { revision, key, value: textOf((JSON.parse(text) as Json)["data"]?.["value"]) };
}
