import { type ApiObject, isJsonObject, type JsonValue, type WatchEvent, type WatchEventType } from "@dataplane/meta";
import { errorOf, noAnswer, parseJson, parseObject } from "./answer.js";
import { readLines } from "./json-lines.js";

const eventTypes: Record<Exclude<WatchEventType, "ERROR">, true> = { ADDED: true, MODIFIED: true, DELETED: true, BOOKMARK: true };

/** The events of a watch's body, one JSON text a line. An ERROR event is thrown as the ApiError that it holds. */
export async function* readEvents<T extends ApiObject>(body: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent<T>, void, undefined> {
  for await (const line of readLines(body)) {
    const event = parseJson(line);
    if (!isJsonObject(event)) throw noAnswer("the server sent what is no watch event", undefined);
    const { type, object } = event;
    if (type === "ERROR") throw errorOf(object, 500);
    if (!isEventType(type) || object === undefined) throw noAnswer("the server sent what is no watch event", undefined);
    yield { type, object: parseObject<T>(object) };
  }
}

const isEventType = (type: JsonValue | undefined): type is keyof typeof eventTypes => typeof type === "string" && Object.hasOwn(eventTypes, type);
