import { FIELD_KINDS } from "./field-kinds.js";
import type { Field, Frame } from "./frame.js";
import { FrameError } from "./frame-error.js";
import { respellConfig, respellMeta } from "./go-document.js";
import { printLabels } from "./labels.js";
import type { FieldSchema, FrameSchema } from "./schema-json.js";

function jsonText(value: Readonly<Record<string, unknown>>, what: string): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new FrameError(`${what} cannot be written as JSON`, { cause });
  }
}

function fieldSchema(field: Field): FieldSchema {
  return {
    name: field.name,
    kind: FIELD_KINDS[field.type],
    nullable: field.nullable,
    labels: field.labels && printLabels(Object.entries(field.labels)),
    config: field.config && respellConfig(jsonText(field.config, `config of field ${JSON.stringify(field.name)}`)),
  };
}

/** The schema of a model. Throws FrameError if a config or the meta is no JSON. */
export function schemaOf(frame: Frame): FrameSchema {
  return {
    name: frame.name ?? "",
    refId: frame.refId ?? "",
    meta: frame.meta && respellMeta(jsonText(frame.meta, "frame meta")),
    fields: frame.fields.map(fieldSchema),
  };
}

/** Rows of a frame. Throws FrameError if its columns differ in length. */
export function rowsOf(frame: Frame): number {
  const rows = frame.fields[0]?.values.length ?? 0;
  for (const [index, field] of frame.fields.entries()) {
    if (field.values.length !== rows) {
      throw new FrameError(`field ${index} (${JSON.stringify(field.name)}) has ${field.values.length} values, the first field has ${rows}`);
    }
  }
  return rows;
}
