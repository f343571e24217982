import type { ApiObject, JsonValue } from "@dataplane/meta";
import { humanDuration } from "./human-duration.js";
import { plainText } from "./plain-text.js";
import type { Column, ResourceDefinition } from "./resource.js";

/** What a row has in one column: a value, a time that is shown as an age, or a text that must be asked for at each showing. */
export type Cell = JsonValue | AgeCell | SpanCell;

/** Milliseconds since the epoch. */
class AgeCell {
  readonly time: number;

  constructor(time: number) {
    this.time = time;
  }
}

/** Of a column whose texts hold spans of time in words of its own. */
class SpanCell {
  readonly column: Column;

  constructor(column: Column) {
    this.column = column;
  }
}

const ageColumn: Column = {
  name: "Age",
  type: "date",
  description: "How long ago the object was made.",
  value: ({ metadata }) => metadata.creationTimestamp,
};

/** A definition's own columns; the age comes last unless it has one of that name, or wants none. */
export function columnsOf({ columns = [], ageColumn: wantsAge = true }: ResourceDefinition): readonly Column[] {
  return !wantsAge || columns.some(({ name }) => name === "Age") ? columns : [...columns, ageColumn];
}

export const hasNameColumn = ({ nameColumn: wantsName = true }: ResourceDefinition): boolean => wantsName;

/** The cells of an object's row, as they are at any time. */
export function cellsOf(definition: ResourceDefinition, object: ApiObject): readonly Cell[] {
  const cells = columnsOf(definition).map((column) => cellOf(column, object));
  return hasNameColumn(definition) ? [object.metadata.name, ...cells] : cells;
}

/** A cell at one time. Dates are shown as ages, as kube-apiserver prints them. `object` is asked for where the cell needs it. */
export function shownCell(cell: Cell, object: () => ApiObject, now: Date): JsonValue {
  if (cell instanceof AgeCell) return humanDuration(now.getTime() - cell.time);
  if (!(cell instanceof SpanCell)) return cell;
  const atThatTime = cellAt(cell.column, object(), now);
  return atThatTime instanceof AgeCell ? humanDuration(now.getTime() - atThatTime.time) : atThatTime;
}

const anyTime = new Date(0);

/** A value that takes the present time as its second argument is of that time only. */
const cellOf = (column: Column, object: ApiObject): Cell => (column.value.length > 1 ? new SpanCell(column) : cellAt(column, object, anyTime));

/** A text that a kind of ours has not is empty; null is a value that was not found, as Kubernetes has it of custom resources. */
function cellAt({ type = "string", value }: Column, object: ApiObject, now: Date): JsonValue | AgeCell {
  const read = value(object, now);
  if (read === undefined) return emptyCells[type];
  if (type !== "date" || read === null) return read;
  const time = Date.parse(plainText(read));
  return Number.isNaN(time) ? "<invalid>" : new AgeCell(time);
}

const emptyCells = { string: "", date: "<unknown>", integer: null, number: null, boolean: null } as const;
