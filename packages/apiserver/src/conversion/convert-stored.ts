import { ApiError, type ApiObject, type GroupVersion, type JsonObject, TimeLimit, unlessAborted } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import type { ServedResource } from "../define-resource.js";
import { inOtherVersion, type Shown } from "../shown.js";
import { jsonOf } from "../table.js";
import type { ConversionOutcome, Converter } from "./converter.js";

/** Whether the converter of the kind must be asked before all of these can be shown. */
export const isWaiting = (resource: ServedResource, values: readonly StoredValue[]): boolean =>
  resource.definition.versioned?.converter !== undefined && values.some((value) => value.shownBy(resource).isWaiting);

/**
 * Asks the kind's converter for what it must give before these values can be shown by the resource; nothing is asked twice. Throws
 * InternalError with the converter's words, and what the converter throws.
 */
export async function convertStored(resource: ServedResource, values: readonly StoredValue[], signal: AbortSignal): Promise<void> {
  const converter = resource.definition.versioned?.converter;
  if (converter === undefined) return;
  for (;;) {
    const waiting = values.map((value) => value.shownBy(resource)).filter((shown) => shown.isWaiting);
    if (waiting.length === 0) return;
    const fresh = waiting.filter(({ converting }) => converting === undefined);
    await unlessAborted(fresh.length > 0 ? share(fresh, converter) : others(waiting), signal);
  }
}

/** A conversion that is under way, for all who wait for it. */
export interface SharedConversion {
  readonly promise: Promise<void>;
  readonly isOfOne: boolean;
}

/** Many may wait for one conversion, so that none of them may end it. */
const conversionTimeoutMs = 30_000;

function share(shown: readonly Shown[], converter: Converter): Promise<void> {
  const promise = converted(shown, converter).finally(() => {
    for (const it of shown) it.converting = undefined;
  });
  for (const it of shown) it.converting = { promise, isOfOne: shown.length === 1 };
  return promise;
}

/** A batch of others that fails says nothing of our object: it is asked for anew. */
async function others(waiting: readonly Shown[]): Promise<void> {
  await Promise.all(
    waiting.map(async ({ converting }) => {
      if (converting === undefined) return;
      if (converting.isOfOne) await converting.promise;
      else await Promise.allSettled([converting.promise]);
    }),
  );
}

async function converted(shown: readonly Shown[], converter: Converter): Promise<void> {
  const [first] = shown;
  if (first === undefined) return;
  const { group, version } = first.resource.definition;
  const limit = new TimeLimit({ ms: conversionTimeoutMs });
  const stored = shown.map(({ inStoredVersion }) => jsonOf(inStoredVersion));
  const objects = await outcomeOf(converter.convert(stored, { group, version }, limit.signal)).finally(() => limit.release());
  for (const [index, it] of shown.entries()) it.accept(requireObject(objects[index]));
}

/** One object in another version, with the metadata that it has but for labels and annotations. Throws as `convertStored` does. */
export async function convertedBy(converter: Converter, object: ApiObject, desired: GroupVersion, signal: AbortSignal): Promise<ApiObject> {
  const [converted] = await outcomeOf(converter.convert([jsonOf(object)], desired, signal));
  return inOtherVersion(object, requireObject(converted));
}

async function outcomeOf(asking: Promise<ConversionOutcome>): Promise<readonly JsonObject[]> {
  const outcome = await asking;
  if ("failure" in outcome) throw new ApiError("InternalError", outcome.failure.message);
  return outcome.converted;
}

function requireObject(object: JsonObject | undefined): JsonObject {
  if (object === undefined) throw new ApiError("InternalError", "the conversion gave fewer objects than it got");
  return object;
}
