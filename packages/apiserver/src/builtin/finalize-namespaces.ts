import type { Logger } from "@dataplane/meta";
import { RevisionConflict } from "@dataplane/storage";
import type { StoredValue } from "../codec.js";
import { keyPrefixOf, type ServedResource } from "../define-resource.js";
import { objectsOf, type VerbServices } from "../verbs/verb-call.js";

/** How often a namespace is looked at again whose contents are held by finalizers. */
const retryMs = 1_000;

/** Removes what is in namespaces that are being deleted, then the namespaces, until `signal` aborts. */
export async function finalizeNamespaces(services: VerbServices, logger: Logger, signal: AbortSignal): Promise<void> {
  const { cache, clock, registry } = services;
  while (!signal.aborted) {
    const namespaces = registry.resolve("", "v1", "namespaces");
    const terminating = namespaces === undefined ? [] : cache.under(keyPrefixOf(namespaces, "")).filter(isTerminating);
    for (const namespace of terminating) {
      if (namespaces !== undefined) await finalizeOne(services, namespaces, namespace, logger);
    }
    try {
      await (terminating.length > 0 ? clock.sleep(retryMs, signal) : changed(services, namespaces, signal));
    } catch {
      return;
    }
  }
}

const isTerminating = ({ bare }: StoredValue): boolean => bare.metadata.deletionTimestamp !== undefined;

async function finalizeOne(services: VerbServices, namespaces: ServedResource, namespace: StoredValue, logger: Logger): Promise<void> {
  const { name } = namespace.bare.metadata;
  try {
    const canonical = services.registry.resources().filter(({ definition }) => definition.scope === "namespaced" && definition.canonical !== false);
    let held = 0;
    for (const resource of canonical) held += await empty(services, resource, name);
    const live = await objectsOf({ resource: namespaces, services }).get("", name);
    const isHeld = (live?.bare.metadata.finalizers ?? []).length > 0;
    if (held === 0 && live !== undefined && isTerminating(live) && !isHeld) await objectsOf({ resource: namespaces, services }).remove(live);
  } catch (error) {
    // A lost race is tried again; one namespace in trouble must not hold the others.
    if (!(error instanceof RevisionConflict)) logger.error({ err: error, namespace: name }, "a namespace could not be emptied");
  }
}

/** How many objects are still there: those with finalizers. */
async function empty(services: VerbServices, resource: ServedResource, namespace: string): Promise<number> {
  const objects = objectsOf({ resource, services });
  let held = 0;
  for (const stored of services.cache.under(keyPrefixOf(resource, namespace))) {
    if (!stored.shownBy(resource).included) continue;
    const { object } = stored.shownBy(resource);
    if ((object.metadata.finalizers ?? []).length === 0) {
      await objects.remove(stored);
      continue;
    }
    held += 1;
    if (object.metadata.deletionTimestamp !== undefined) continue;
    const deletionTimestamp = services.clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
    await objects.put({ ...object, metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 } }, stored.hidden, stored);
  }
  return held;
}

/** Resolves at the next change of a namespace. */
async function changed({ cache }: VerbServices, namespaces: ServedResource | undefined, signal: AbortSignal): Promise<void> {
  const prefix = namespaces === undefined ? "/" : keyPrefixOf(namespaces, "");
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(new Error("aborted"));
      signal.addEventListener("abort", abort, { once: true });
      const subscription = cache.subscribe(cache.revision, (change) => {
        if (change === undefined || change.key.startsWith(prefix)) resolve();
      });
      stop = () => {
        subscription.stop();
        signal.removeEventListener("abort", abort);
      };
    });
  } finally {
    stop();
  }
}
