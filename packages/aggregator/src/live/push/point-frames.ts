import { type Field, type FieldType, type FieldValue, frameToJson } from "@dataplane/frames";
import { badRequest } from "@dataplane/meta";
import type { Point } from "./line-protocol.js";

/**
 * A frame as JSON for each measurement: the labels as one column, the time, then a column for each field. Throws BadRequest for a field
 * of two types.
 */
export function framesOf(points: readonly Point[], now: bigint): ReadonlyMap<string, Uint8Array> {
  const rows = new Map<string, Point[]>();
  for (const point of points) {
    const known = rows.get(point.measurement);
    if (known === undefined) rows.set(point.measurement, [point]);
    else known.push(point);
  }
  return new Map([...rows].map(([measurement, its]) => [measurement, frameToJson({ name: measurement, fields: columnsOf(its, now) })]));
}

function columnsOf(points: readonly Point[], now: bigint): readonly Field[] {
  return [
    { name: "labels", type: "string", nullable: false, values: points.map(labelsOf) },
    { name: "time", type: "time", nullable: false, values: points.map(({ time }) => time ?? now) },
    ...[...typesOf(points)].map(([name, type]): Field => ({ name, type, nullable: true, values: points.map((point) => valueOf(point, name)) })),
  ];
}

/** In the order in which they come first. */
function typesOf(points: readonly Point[]): ReadonlyMap<string, FieldType> {
  const types = new Map<string, FieldType>();
  for (const { measurement, fields } of points) {
    for (const [name, { type }] of fields) {
      if ((types.get(name) ?? type) !== type) {
        throw badRequest(`the field ${JSON.stringify(name)} of ${JSON.stringify(measurement)} is of two types`);
      }
      types.set(name, type);
    }
  }
  return types;
}

const valueOf = ({ fields }: Point, name: string): FieldValue => fields.get(name)?.value ?? null;

const labelsOf = ({ tags }: Point): string =>
  [...tags]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
