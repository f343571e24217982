import { Buffer } from "node:buffer";
import { type ConversionOutcome, type Converter, conversionProblem, withOriginalMetadata } from "@dataplane/apiserver";
import { ApiError, apiVersionOf, type GroupVersion, isJsonObject, type JsonObject, type JsonValue, type UserInfo } from "@dataplane/meta";
import type { ConversionResponse, PluginContext } from "@dataplane/plugin-protocol";
import { callPlugin } from "./call-plugin.js";
import { parsedObject } from "./plugin-admission.js";
import { hookContext, type PluginHooksOptions } from "./plugin-hook-context.js";

export interface PluginConversionOptions extends PluginHooksOptions {
  readonly newUid: () => string;
  readonly user: UserInfo;
}

/** A plugin takes requests of 16 MiB at most, unless it was told otherwise. */
const maxBatchBytes = 8 * 1024 * 1024;
const maxBatchObjects = 200;

/** An object on its way, with its place among all. */
interface Item {
  readonly index: number;
  readonly object: JsonObject;
  readonly bytes: Uint8Array;
}

interface Task extends PluginConversionOptions {
  readonly desired: GroupVersion;
  readonly pluginContext: PluginContext;
  readonly signal: AbortSignal;
}

/**
 * A plugin's conversion of objects: `pluginv2.ResourceConversion`. Many objects go in several calls, one after the other. All objects of
 * one request are in the context of the first one's namespace.
 */
export function pluginConversion(options: PluginConversionOptions): Converter {
  return {
    async convert(objects, desired, signal) {
      const apiVersion = apiVersionOf(desired);
      const asked = objects.flatMap((object, index): Item[] =>
        object["apiVersion"] === apiVersion ? [] : [{ index, object, bytes: Buffer.from(JSON.stringify(object)) }],
      );
      const [first] = asked;
      if (first === undefined) return { converted: objects };
      const pluginContext = await hookContext(options, { namespace: namespaceOf(first.object), user: options.user }, signal);
      const task: Task = { ...options, desired, pluginContext, signal };
      const converted = [...objects];
      for (const batch of batchesOf(asked)) {
        const outcome = await convertBatch(task, batch);
        if ("failure" in outcome) return outcome;
        for (const [at, { index }] of batch.entries()) converted[index] = outcome.converted[at] ?? {};
      }
      return { converted };
    },
  };
}

function* batchesOf(items: readonly Item[]): Iterable<readonly Item[]> {
  let batch: Item[] = [];
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

/** A batch that the plugin refuses is asked for again in halves, so that the failure can name the object. */
async function convertBatch(task: Task, batch: readonly Item[]): Promise<ConversionOutcome> {
  const outcome = await ask(task, batch);
  if (!("refusal" in outcome)) return outcome;
  const [first] = batch;
  if (batch.length === 1 && first !== undefined) return failure(`${nameOf(first)}: ${outcome.refusal}`);
  const middle = batch.length >> 1;
  for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
    const again = await convertBatch(task, half);
    if ("failure" in again) return again;
  }
  // Each half can be converted, and both together cannot.
  return failure(outcome.refusal);
}

/** A refusal is of the whole batch. */
type Answer = ConversionOutcome | { readonly refusal: string };

async function ask(task: Task, batch: readonly Item[]): Promise<Answer> {
  const { plugin, callTimeoutMs, desired, pluginContext, signal, newUid } = task;
  const uid = newUid();
  const objects = batch.map(({ bytes }) => ({ raw: bytes, contentType: "application/json" }));
  const metadata = { ...task.metadata, tenantid: pluginContext.namespace };
  const answer = await callPlugin({ request: { signal }, plugin, limits: { callTimeoutMs } }, metadata, (client, callOptions) =>
    client.convertObjects({ pluginContext, uid, objects, targetVersion: { group: desired.group, version: desired.version } }, callOptions),
  );
  const { result } = answer;
  if (result?.status === "Failure") return { refusal: result.message === "" ? "the plugin gave no reason" : result.message };
  return checked(plugin.id, { uid, batch, answer, apiVersion: apiVersionOf(desired) });
}

interface Answered {
  readonly uid: string;
  readonly batch: readonly Item[];
  readonly answer: ConversionResponse;
  readonly apiVersion: string;
}

function checked(pluginId: string, { uid, batch, answer, apiVersion }: Answered): Answer {
  // Old SDKs leave the uid out.
  if (answer.uid !== "" && answer.uid !== uid) {
    throw new ApiError("BadGateway", `plugin ${JSON.stringify(pluginId)} answered another conversion than it was asked for`);
  }
  if (answer.objects.length !== batch.length) {
    return { refusal: `plugin ${JSON.stringify(pluginId)} was asked for ${batch.length} and gave ${answer.objects.length}` };
  }
  const converted: JsonObject[] = [];
  for (const [at, item] of batch.entries()) {
    const object = parsedObject(answer.objects[at]?.raw ?? new Uint8Array()) ?? {};
    const problem = conversionProblem(item.object, object, apiVersion);
    if (problem !== undefined) return failure(`${nameOf(item)}: ${problem}`);
    converted.push(withOriginalMetadata(item.object, object));
  }
  return { converted };
}

const failure = (message: string): ConversionOutcome => ({ failure: { message } });

function nameOf({ index, object }: Item): string {
  const namespace = namespaceOf(object);
  const { name } = metadataOf(object);
  const where = namespace === "" ? "" : `${namespace}/`;
  return `objects[${index}] (${text(object["kind"])} ${JSON.stringify(`${where}${text(name)}`)})`;
}

const metadataOf = (object: JsonObject): JsonObject => (isJsonObject(object["metadata"]) ? object["metadata"] : {});
const namespaceOf = (object: JsonObject): string => text(metadataOf(object)["namespace"]);
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
