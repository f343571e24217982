import { arrowToJson, FrameError, scanJsonFrame } from "@dataplane/frames";
import { isJsonObject, type JsonValue } from "@dataplane/meta";
import { DataFrameFormat } from "@dataplane/plugin-protocol";
import { parseJson } from "./answers.js";
import { Broken, hold } from "./check.js";

/** Throws Broken for a frame that a host cannot read, in the format that its answer names. */
export function checkFrame(bytes: Uint8Array, format: DataFrameFormat, what: string): void {
  try {
    const json = format === DataFrameFormat.JSON ? bytes : arrowToJson(bytes).json;
    scanJsonFrame(json);
    checkShape(parseJson(json, what), what);
  } catch (thrown) {
    if (!(thrown instanceof FrameError)) throw thrown;
    throw new Broken(`${what} cannot be read as ${format === DataFrameFormat.JSON ? "JSON" : "Arrow"}: ${thrown.message}`);
  }
}

function checkShape(frame: JsonValue, what: string): void {
  hold(isJsonObject(frame), `${what} is no object`);
  const { schema, data } = frame;
  const fields = isJsonObject(schema) ? schema["fields"] : undefined;
  const values = isJsonObject(data) ? data["values"] : undefined;
  // A chunk after the first has no schema, a channel's first packet may have no rows.
  hold(schema === undefined || Array.isArray(fields), `${what} has a schema without fields`);
  hold(data === undefined || Array.isArray(values), `${what} has data without values`);
  if (Array.isArray(fields) && Array.isArray(values)) {
    hold(fields.length === values.length, `${what} has ${fields.length} fields and ${values.length} columns`);
  }
  if (!Array.isArray(values)) return;
  const lengths = new Set(values.map((column) => (Array.isArray(column) ? column.length : -1)));
  hold(lengths.size <= 1, `the columns of ${what} differ in length`);
}
