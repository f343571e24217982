import type { FieldKind } from "./field-kinds.js";
import { quotePlain } from "./go-text.js";

/** A field's schema; labels and config are JSON text already. */
export interface FieldSchema {
  readonly name: string;
  readonly kind: FieldKind;
  readonly nullable: boolean;
  readonly labels?: string | undefined;
  readonly config?: string | undefined;
}

/** A frame's schema; meta is JSON text already. */
export interface FrameSchema {
  readonly name: string;
  readonly refId: string;
  readonly meta?: string | undefined;
  readonly fields: readonly FieldSchema[];
}

function printField(field: FieldSchema): string {
  const members: string[] = [];
  if (field.name !== "") members.push(`"name":${quotePlain(field.name)}`);
  members.push(`"type":"${field.kind.simple}"`, `"typeInfo":{"frame":"${field.kind.frame}"${field.nullable ? ',"nullable":true' : ""}}`);
  if (field.labels !== undefined) members.push(`"labels":${field.labels}`);
  if (field.config !== undefined) members.push(`"config":${field.config}`);
  return `{${members.join(",")}}`;
}

/** `schema` of frame JSON, keys in the order of Go's SDK. */
export function printSchema(schema: FrameSchema): string {
  const members: string[] = [];
  if (schema.name !== "") members.push(`"name":${quotePlain(schema.name)}`);
  if (schema.refId !== "") members.push(`"refId":${quotePlain(schema.refId)}`);
  if (schema.meta !== undefined) members.push(`"meta":${schema.meta}`);
  members.push(`"fields":[${schema.fields.map(printField).join(",")}]`);
  return `{${members.join(",")}}`;
}
