import {
  BadRequestError,
  booleanField,
  type Field,
  type Frame,
  frame,
  isJsonObject,
  type JsonObject,
  jsonField,
  numberField,
  readString,
  stringField,
  timeField,
} from "@dataplane/plugin-sdk";
import type { Scenario } from "./scenario.js";
import { labelsOf } from "./series.js";

/** Frames as the query wrote them. */
export const rawFrame: Scenario = {
  id: "raw_frame",
  name: "Raw Frames",
  description: "The frames in rawFrameContent: JSON, a list of {schema, data} or of {name, meta, fields: [{name, type, values}]}.",
  run: ({ query }) => {
    const frames = parse(readString(query.json, "rawFrameContent", "[]"));
    if (!Array.isArray(frames)) throw new BadRequestError("rawFrameContent must be a list of frames");
    return frames.map(frameOf);
  },
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BadRequestError("rawFrameContent is not valid JSON", { cause });
  }
}

function frameOf(raw: unknown, index: number): Frame {
  if (!isJsonObject(raw)) throw new BadRequestError(`rawFrameContent: frame ${index} must be an object`);
  const schema = isJsonObject(raw["schema"]) ? raw["schema"] : raw;
  const columns = isJsonObject(raw["data"]) ? raw["data"]["values"] : undefined;
  const fields = schema["fields"] ?? [];
  if (!Array.isArray(fields) || !fields.every(isJsonObject)) throw new BadRequestError(`rawFrameContent: frame ${index} needs a list of fields`);
  const name = readString(schema, "name", "");
  const meta = schema["meta"];
  try {
    return frame({
      ...(name === "" ? {} : { name }),
      ...(isJsonObject(meta) ? { meta } : {}),
      fields: fields.map((field, at) => fieldOf(field, Array.isArray(columns) ? columns[at] : field["values"])),
    });
  } catch (cause) {
    throw new BadRequestError(`rawFrameContent: frame ${index}: ${cause instanceof Error ? cause.message : "unreadable"}`, { cause });
  }
}

function fieldOf(field: JsonObject, values: unknown): Field {
  const name = readString(field, "name", "");
  if (!Array.isArray(values)) throw new BadRequestError(`field ${JSON.stringify(name)} has no values`);
  const labels = labelsOf(field["labels"]);
  const { config } = field;
  const options = { nullable: true, ...(labels === undefined ? {} : { labels }), ...(isJsonObject(config) ? { config } : {}) };
  switch (readString(field, "type", "other")) {
    case "time":
      return timeField(name, each(name, values, isTime, toTime), options);
    case "number":
      return numberField(name, each(name, values, isNumber, Number), options);
    case "string":
      return stringField(name, each(name, values, isText, String), options);
    case "boolean":
      return booleanField(name, each(name, values, isBoolean, Boolean), options);
    default:
      return jsonField(name, values, options);
  }
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isText = (value: unknown): value is string => typeof value === "string";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isTime = (value: unknown): value is number | string => isNumber(value) || (isText(value) && !Number.isNaN(Date.parse(value)));
const toTime = (value: number | string) => (typeof value === "number" ? value : Date.parse(value));

function each<Given, Value>(
  name: string,
  values: readonly unknown[],
  fits: (value: unknown) => value is Given,
  convert: (value: Given) => Value,
): readonly (Value | null)[] {
  return values.map((value) => {
    if (value === null || value === undefined) return null;
    if (!fits(value)) throw new BadRequestError(`field ${JSON.stringify(name)} has a value of another type`);
    return convert(value);
  });
}
