import { BadRequestError, booleanField, type Field, frame, numberField, type Query, readString, stringField, timeField } from "@dataplane/plugin-sdk";
import { parseCsv } from "./csv-text.js";
import type { Scenario } from "./scenario.js";
import { labelsOf, rangeOf, seriesName } from "./series.js";

/** A table of the query's own text: the first line names the columns. */
export const csvContent: Scenario = {
  id: "csv_content",
  name: "CSV Content",
  description: "The table in csvContent: first line the names; columns of numbers, true/false or ISO times get that type.",
  run: ({ query }) => {
    const [names, ...rows] = parseCsv(readString(query.json, "csvContent", ""));
    if (names === undefined) return [frame({ fields: [] })];
    const ragged = rows.findIndex((row) => row.length !== names.length);
    if (ragged >= 0) throw new BadRequestError(`csvContent: row ${ragged + 2} has not ${names.length} fields`);
    return [
      frame({
        fields: names.map((name, column) =>
          typedColumn(
            name,
            rows.map((row) => row[column] ?? ""),
          ),
        ),
      }),
    ];
  },
};

/** Numbers spread evenly over the range. */
export const csvMetricValues: Scenario = {
  id: "csv_metric_values",
  name: "CSV Metric Values",
  description: "The numbers in stringInput, spread evenly over the range; null leaves a gap.",
  stringInput: "1,20,90,30,5,0",
  run: ({ query }) => {
    const text = readString(query.json, "stringInput", "");
    const values = numbersOf(text === "" ? "1,20,90,30,5,0" : text);
    const { from, to } = rangeOf(query);
    const step = values.length > 1 ? (to - from) / (values.length - 1) : 0;
    const times = values.map((_, index) => Math.round(from + index * step));
    return [seriesFrame(query, times, values)];
  },
};

/** A frame of one series, named and labelled as the query says. */
export function seriesFrame(query: Query, times: readonly number[], values: readonly (number | null)[]) {
  const labels = labelsOf(query.json["labels"]);
  return frame({
    meta: { type: "timeseries-multi", typeVersion: [0, 1] },
    fields: [timeField("time", times), numberField(seriesName(query, 0, 1), values, { nullable: true, ...(labels === undefined ? {} : { labels }) })],
  });
}

/** Comma separated numbers; `null` and nothing are null. Throws BadRequestError. */
export function numbersOf(text: string): readonly (number | null)[] {
  return text.split(",").map((part) => {
    const word = part.trim();
    if (isEmpty(word)) return null;
    if (word === "nan" || word === "NaN") return Number.NaN;
    const value = Number(word);
    if (Number.isNaN(value)) throw new BadRequestError(`${JSON.stringify(word)} is not a number`);
    return value;
  });
}

const isEmpty = (word: string) => word === "" || word === "null";
const isNumber = (word: string) => word.trim() !== "" && !Number.isNaN(Number(word));
const isTime = (word: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(word) && !Number.isNaN(Date.parse(word));

function typedColumn(name: string, words: readonly string[]): Field {
  const told = words.filter((word) => !isEmpty(word));
  const or = <Value>(parse: (word: string) => Value) => words.map((word) => (isEmpty(word) ? null : parse(word)));
  if (told.length > 0 && told.every(isNumber)) return numberField(name, or(Number), { nullable: true });
  if (told.length > 0 && told.every((word) => word === "true" || word === "false")) {
    return booleanField(
      name,
      or((word) => word === "true"),
      { nullable: true },
    );
  }
  if (told.length > 0 && told.every(isTime)) {
    return timeField(
      name,
      or((word) => new Date(word)),
      { nullable: true },
    );
  }
  return stringField(
    name,
    words.map((word) => (word === "null" ? null : word)),
    { nullable: true },
  );
}
