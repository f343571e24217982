import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, tolerating } from "@dataplane/meta";

/** Objects of one page are converted by one question. */
const pageSize = 100;
const inFlight = 4;

/** An object that could not be written anew, in words. */
export class RewriteFailure extends Error {
  override readonly name = "RewriteFailure";
}

/**
 * Writes each object of the resource as it is: a server stores it in the version that is stored now, and one that is stored so already is
 * not written. Some may be written again where this is called again. Throws RewriteFailure, which names the object, at the first failure.
 */
export async function rewriteObjects(client: ApiClient, resource: ResourceRef, signal: AbortSignal): Promise<number> {
  let count = 0;
  for (let next: string | undefined; ; ) {
    const page = await client.list<ApiObject>(resource, { limit: pageSize, ...(next === undefined ? {} : { continue: next }) }, signal);
    await rewritePage(client, resource, page.items, signal);
    count += page.items.length;
    next = page.metadata.continue;
    if (next === undefined || next === "") return count;
  }
}

async function rewritePage(client: ApiClient, resource: ResourceRef, items: readonly ApiObject[], signal: AbortSignal): Promise<void> {
  const waiting = items.values();
  const failures: RewriteFailure[] = [];
  const work = async (): Promise<void> => {
    for (const object of waiting) {
      if (failures.length > 0) return;
      const failure = await rewriteOne(client, resource, object, signal);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  const [first] = failures;
  if (first !== undefined) throw first;
}

async function rewriteOne(client: ApiClient, resource: ResourceRef, object: ApiObject, signal: AbortSignal): Promise<RewriteFailure | undefined> {
  const { name, namespace } = object.metadata;
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  try {
    // Whoever changed it meanwhile has stored it in the new version.
    await tolerating(client.update(resource, ref, object, { fieldManager: "storage-migration" }, signal), "Conflict", "NotFound");
    return undefined;
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof ApiError)) throw thrown;
    const where = namespace === undefined ? "" : `${namespace}/`;
    return new RewriteFailure(`${object.kind} ${JSON.stringify(`${where}${name}`)}: ${thrown.message}`, { cause: thrown });
  }
}
