import type { PluginMethodName } from "../methods.js";
import type { MessageJson } from "./message-json.js";

/** Parts of a request that differ from run to run and do not change what is asked. */
const ignored: ReadonlySet<string> = new Set(["headers", "uid"]);
/** Parts that follow the clock: an answer for another time is better than none. */
const timely: ReadonlySet<string> = new Set(["timeRange", "intervalMS", "maxDataPoints", "from", "to", "requestId"]);

/** What makes two requests the same: the call, the data source, and what is asked of it, whoever asks. `exact`: also at the same time. */
export function requestKey(method: PluginMethodName, request: MessageJson, exact: boolean): string {
  return JSON.stringify([method, normalised(request, exact)]);
}

function normalised(value: MessageJson, exact: boolean): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: MessageJson) => normalised(item, exact));
  const object = value as Readonly<Record<string, MessageJson>>;
  const text = object["$text"];
  if (typeof text === "string") return normalisedText(text, exact);
  return Object.fromEntries(
    Object.entries(object)
      .filter(([key]) => !ignored.has(key) && (exact || !timely.has(key)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, key === "pluginContext" ? dataSourceOf(member) : normalised(member, exact)]),
  );
}

/** JSON inside a message, such as a query: its keys in any order. */
function normalisedText(text: string, exact: boolean): unknown {
  try {
    return normalised(JSON.parse(text) as MessageJson, exact);
  } catch {
    return text;
  }
}

function dataSourceOf(context: MessageJson): unknown {
  if (typeof context !== "object" || context === null || Array.isArray(context)) return null;
  const { namespace = "", dataSourceInstanceSettings: settings = null } = context as Readonly<Record<string, MessageJson>>;
  const uid = typeof settings === "object" && settings !== null && "uid" in settings ? settings["uid"] : "";
  return [namespace, uid];
}
