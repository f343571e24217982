import { Buffer } from "node:buffer";
import { type ConversionOutcome, type Converter, conversionProblem, withOriginalMetadata } from "@dataplane/apiserver";
import { apiVersionOf, type GroupVersion, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** A plugin takes requests of 16 MiB at most, unless it was told otherwise. */
const maxBatchBytes = 8 * 1024 * 1024;
const maxBatchObjects = 200;

/** An object on its way, with its place among all. */
export interface ConversionItem {
  readonly index: number;
  readonly object: JsonObject;
  /** The object's JSON. */
  readonly bytes: Uint8Array;
}

/** Objects in the order asked, undefined for what is none; or why the batch as a whole was refused, which may be empty. */
export type BatchAnswer = { readonly objects: readonly (JsonObject | undefined)[] } | { readonly refusal: string };

export type AskBatch = (batch: readonly ConversionItem[]) => Promise<BatchAnswer>;

export interface ConversionTask {
  /** Of the first object. */
  readonly namespace: string;
  readonly desired: GroupVersion;
  readonly signal: AbortSignal;
}

/** Someone else who converts; `who` names him, in words. */
export interface ConversionPeer {
  readonly who: string;
  /** Throws ApiError when he could not be asked, as what it gives does. */
  readonly begin: (task: ConversionTask) => AskBatch | Promise<AskBatch>;
}

/** Many objects go in several calls, one after the other. All objects of one request are in the context of the first one's namespace. */
export function batchedConverter({ who, begin }: ConversionPeer): Converter {
  return {
    async convert(objects, desired, signal) {
      const apiVersion = apiVersionOf(desired);
      const asked = objects.flatMap((object, index): ConversionItem[] =>
        object["apiVersion"] === apiVersion ? [] : [{ index, object, bytes: Buffer.from(JSON.stringify(object)) }],
      );
      const [first] = asked;
      if (first === undefined) return { converted: objects };
      const askBatch = await begin({ namespace: namespaceOf(first.object), desired, signal });
      const ask = async (batch: readonly ConversionItem[]): Promise<Answer> => checked(await askBatch(batch), { who, batch, apiVersion });
      const converted = [...objects];
      for (const batch of batchesOf(asked)) {
        const outcome = await convertBatch(ask, batch);
        if ("failure" in outcome) return outcome;
        for (const [at, { index }] of batch.entries()) converted[index] = outcome.converted[at] ?? {};
      }
      return { converted };
    },
  };
}

function* batchesOf(items: readonly ConversionItem[]): Iterable<readonly ConversionItem[]> {
  let batch: ConversionItem[] = [];
  let bytes = 0;
  for (const item of items) {
    if (batch.length > 0 && (batch.length === maxBatchObjects || bytes + item.bytes.byteLength > maxBatchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.bytes.byteLength;
  }
  if (batch.length > 0) yield batch;
}

/** A refusal is of the whole batch. */
type Answer = ConversionOutcome | { readonly refusal: string };
type Ask = (batch: readonly ConversionItem[]) => Promise<Answer>;

/** A batch that is refused is asked for again in halves, so that the failure can name the object. */
async function convertBatch(ask: Ask, batch: readonly ConversionItem[]): Promise<ConversionOutcome> {
  const outcome = await ask(batch);
  if (!("refusal" in outcome)) return outcome;
  const [first] = batch;
  if (batch.length === 1 && first !== undefined) return failure(`${nameOf(first)}: ${outcome.refusal}`);
  const middle = batch.length >> 1;
  for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
    const again = await convertBatch(ask, half);
    if ("failure" in again) return again;
  }
  // Each half can be converted, and both together cannot.
  return failure(outcome.refusal);
}

interface Asked {
  readonly who: string;
  readonly batch: readonly ConversionItem[];
  readonly apiVersion: string;
}

function checked(answer: BatchAnswer, { who, batch, apiVersion }: Asked): Answer {
  if ("refusal" in answer) return { refusal: answer.refusal === "" ? `${who} gave no reason` : answer.refusal };
  if (answer.objects.length !== batch.length) return { refusal: `${who} was asked for ${batch.length} and gave ${answer.objects.length}` };
  const converted: JsonObject[] = [];
  for (const [at, item] of batch.entries()) {
    const object = answer.objects[at] ?? {};
    const problem = conversionProblem(item.object, object, apiVersion);
    if (problem !== undefined) return failure(`${nameOf(item)}: ${problem}`);
    converted.push(withOriginalMetadata(item.object, object));
  }
  return { converted };
}

const failure = (message: string): ConversionOutcome => ({ failure: { message } });

function nameOf({ index, object }: ConversionItem): string {
  const namespace = namespaceOf(object);
  const { name } = metadataOf(object);
  const where = namespace === "" ? "" : `${namespace}/`;
  return `objects[${index}] (${text(object["kind"])} ${JSON.stringify(`${where}${text(name)}`)})`;
}

const metadataOf = (object: JsonObject): JsonObject => (isJsonObject(object["metadata"]) ? object["metadata"] : {});
const namespaceOf = (object: JsonObject): string => text(metadataOf(object)["namespace"]);
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
