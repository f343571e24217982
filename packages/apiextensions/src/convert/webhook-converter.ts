import { type ConversionOutcome, type Converter, type WebhookClient, type WebhookClientConfig, WebhookFailure } from "@dataplane/apiserver";
import { ApiError, apiVersionOf, type GroupVersion, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { Conversion } from "../definition/custom-resource-definition.js";
import { convertedObjects, review, reviewVersionOf } from "./conversion-review.js";
import { checkedObject } from "./converted-object.js";

export interface WebhookConverterOptions {
  readonly conversion: Conversion;
  readonly webhooks: WebhookClient;
  readonly newUid: () => string;
}

/** As kube-apiserver waits. */
const timeoutMs = 30_000;

/** Of the objects of one question, so that the answer is of a size that is read. */
const batchBytes = 1024 * 1024;

/** Converts by asking a webhook (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion). */
export function webhookConverter({ conversion, webhooks, newUid }: WebhookConverterOptions): Converter {
  const { clientConfig, conversionReviewVersions = [] } = conversion.webhook ?? {};
  const config: WebhookClientConfig = clientConfig ?? {};
  const version = reviewVersionOf(conversionReviewVersions);

  const ask = async (objects: readonly JsonObject[], desired: GroupVersion, signal: AbortSignal): Promise<readonly JsonObject[]> => {
    const who = nameOf(objects[0]);
    if (version === undefined) throw new ConversionError("no supported conversion review versions");
    const uid = newUid();
    const question = review({ version, uid, desired: apiVersionOf(desired), objects });
    const answer = await answered(who, webhooks.call(config, question, { timeoutMs, signal }));
    const converted = convertedObjects({ answer, version, uid });
    if (typeof converted === "string") throw new ConversionError(`conversion webhook for ${who} failed: ${converted}`);
    if (converted.length !== objects.length) {
      throw new ConversionError(`conversion webhook for ${who} returned ${converted.length} objects, expected ${objects.length}`);
    }
    return objects.map((original, index) => checked({ who, index, original, converted: converted[index] ?? null, desired }));
  };

  return {
    async convert(objects, desired, signal): Promise<ConversionOutcome> {
      const wanted = apiVersionOf(desired);
      const others = objects.filter(({ apiVersion }) => apiVersion !== wanted);
      const made: JsonObject[] = [];
      try {
        for (const batch of batchesOf(others)) made.push(...(await ask(batch, desired, signal)));
      } catch (error) {
        if (error instanceof ConversionError) return { failure: { message: error.message } };
        throw error;
      }
      const next = made.values();
      return { converted: objects.map((object) => (object["apiVersion"] === wanted ? object : (next.next().value ?? object))) };
    },
  };
}

/** The webhook answered, and not with what was asked for. */
class ConversionError extends Error {
  override readonly name = "ConversionError";
}

async function answered(who: string, calling: Promise<JsonObject>): Promise<JsonObject> {
  try {
    return await calling;
  } catch (error) {
    if (!(error instanceof WebhookFailure)) throw error;
    throw new ApiError("InternalError", `conversion webhook for ${who} failed: ${error.message}`, { cause: error });
  }
}

interface ConvertedInput {
  readonly who: string;
  readonly index: number;
  readonly original: JsonObject;
  readonly converted: JsonValue;
  readonly desired: GroupVersion;
}

function checked({ who, index, original, converted, desired }: ConvertedInput): JsonObject {
  const outcome = checkedObject(original, converted, apiVersionOf(desired));
  if (typeof outcome !== "string") return outcome;
  throw new ConversionError(`conversion webhook for ${who} returned invalid converted object at index ${index}: ${outcome}`);
}

/** `group/version, Kind=Kind`, as Kubernetes prints a kind. */
function nameOf(object: JsonObject | undefined): string {
  const { apiVersion, kind } = object ?? {};
  const texts = [apiVersion, kind].map((it) => (typeof it === "string" ? it : ""));
  return texts.join(", Kind=");
}

function* batchesOf(objects: readonly JsonObject[]): Generator<readonly JsonObject[]> {
  let batch: JsonObject[] = [];
  let size = 0;
  for (const object of objects) {
    const bytes = JSON.stringify(object).length;
    if (batch.length > 0 && size + bytes > batchBytes) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(object);
    size += bytes;
  }
  if (batch.length > 0) yield batch;
}
