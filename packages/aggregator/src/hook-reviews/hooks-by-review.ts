import { randomUUID } from "node:crypto";
import { type AdmissionHook, type ConversionOutcome, type Converter, conversionProblem, withOriginalMetadata } from "@dataplane/apiserver";
import { ApiError, apiVersionOf, type GroupVersion, isJsonObject, type JsonObject, unavailable } from "@dataplane/meta";
import { brokenHook } from "../admission-answer.js";
import type { AppHooks } from "../app-hooks.js";
import type { DataPlaneService } from "../dataplaneservice.js";
import type { ObjectHooks } from "../object-hooks.js";
import { admissionByReview } from "./admission-by-review.js";
import { hookPaths, pluginParameter } from "./hook-paths.js";

export interface HooksByReviewOptions {
  /** Posts a review, and gives the JSON of the answer. Throws ApiError. */
  readonly post: (path: string, query: URLSearchParams, review: JsonObject, signal: AbortSignal) => Promise<unknown>;
  /** All that are stored; undefined while they are not known. */
  readonly services: () => readonly DataPlaneService[] | undefined;
}

const who = "the aggregator";
/** Objects of one question; the other side takes bodies of 16 MiB. */
const batchObjects = 200;
const batchBytes = 4 * 1024 * 1024;

/** The hooks of the process that has the plugins, asked by reviews over its HTTPS address. Fails closed: who cannot be asked has not allowed. */
export function hooksByReview(options: HooksByReviewOptions): { readonly objectHooks: ObjectHooks; readonly appHooks: AppHooks } {
  const lists = (type: "admission" | "conversion", { group, version }: GroupVersion): boolean =>
    options.services()?.some(({ spec }) => spec.group === group && spec.version === version && spec.services.some((entry) => entry.type === type)) ??
    true;
  const queryOf = (plugin?: string): URLSearchParams => new URLSearchParams(plugin === undefined ? {} : { [pluginParameter]: plugin });
  return {
    objectHooks: {
      admission: { ...admissionOf(options, queryOf()), concerns: ({ kind }) => lists("admission", kind) },
      whoConverts(group) {
        const services = options.services();
        if (services === undefined) return "not known yet";
        const converters = services.filter(({ spec }) => spec.group === group && spec.services.some(({ type }) => type === "conversion"));
        return converters.length === 0
          ? undefined
          : JSON.stringify(converters.map(({ metadata: { name, generation } }) => [name, generation ?? 0]).toSorted());
      },
      converts: (groupVersion) => options.services() !== undefined && lists("conversion", groupVersion),
      conversion: () => converterOf(options, queryOf()),
    },
    appHooks: {
      admission: (plugin) => admissionOf(options, queryOf(plugin)),
      conversion: (plugin) => converterOf(options, queryOf(plugin)),
    },
  };
}

const admissionOf = (options: HooksByReviewOptions, query: URLSearchParams): AdmissionHook =>
  admissionByReview({
    who,
    ask: (step, request, { signal }) =>
      responseOf(options, { path: hookPaths[step], query, apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request }, signal),
  });

const converterOf = (options: HooksByReviewOptions, query: URLSearchParams): Converter => ({
  async convert(objects, desired, signal): Promise<ConversionOutcome> {
    const apiVersion = apiVersionOf(desired);
    const converted = [...objects];
    const others = objects.flatMap((object, index) => (object["apiVersion"] === apiVersion ? [] : [{ object, index }]));
    for (const batch of batchesOf(others)) {
      const request = { uid: randomUUID(), desiredAPIVersion: apiVersion, objects: batch.map(({ object }) => object) };
      const review = { path: hookPaths.convert, query, apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", request };
      const outcome = outcomeOf(await responseOf(options, review, signal), batch, apiVersion);
      if ("failure" in outcome) return outcome;
      for (const [at, { index }] of batch.entries()) converted[index] = outcome.converted[at] ?? {};
    }
    return { converted };
  },
});

/** Throws BadGateway for what is no answer. */
function outcomeOf({ result, convertedObjects }: JsonObject, batch: readonly Item[], apiVersion: string): ConversionOutcome {
  if (!isJsonObject(result)) throw brokenHook(who, "answered a conversion without its result");
  const { status, message } = result;
  if (status !== "Success") return { failure: { message: typeof message === "string" ? message : `${who} gave no reason` } };
  const answers: readonly unknown[] = Array.isArray(convertedObjects) ? convertedObjects : [];
  if (answers.length !== batch.length) throw brokenHook(who, "gave another number of objects than it was asked for");
  const made = answers.map((answer) => (isJsonObject(answer) ? answer : {}));
  for (const [at, { object, index }] of batch.entries()) {
    const problem = conversionProblem(object, made[at] ?? {}, apiVersion);
    if (problem !== undefined) return { failure: { message: `objects[${index}]: ${problem}` } };
  }
  return { converted: batch.map(({ object }, at) => withOriginalMetadata(object, made[at] ?? {})) };
}

interface Item {
  readonly object: JsonObject;
  readonly index: number;
}

function* batchesOf(items: readonly Item[]): Generator<readonly Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item.object));
    if (batch.length > 0 && (batch.length === batchObjects || bytes + size > batchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

interface Review {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: JsonObject & { readonly uid: string };
}

async function responseOf({ post }: HooksByReviewOptions, review: Review, signal: AbortSignal): Promise<JsonObject> {
  const { path, query, apiVersion, kind, request } = review;
  const answer = await post(path, query, { apiVersion, kind, request }, signal).catch(relayed);
  const { kind: answered, response } = isJsonObject(answer) ? answer : {};
  if (answered !== kind || !isJsonObject(response)) throw brokenHook(who, `answered with what is no ${kind} that has a response`);
  if (response["uid"] !== request.uid) throw brokenHook(who, "answered another review than it was asked for");
  return response;
}

/** A fault of this exchange is not the fault of whoever writes the object. */
function relayed(thrown: unknown): never {
  const error = ApiError.from(thrown);
  if (error.code >= 500) throw error;
  throw unavailable(`${who} did not take the question about the object: ${error.message}`);
}
