// Says whether a query's answer has the numbers that Prometheus' own API has for the same series at the same instants.
// usage: node compare-with-prometheus.mjs ANSWER.json EXPR PROMETHEUS_URL
import { readFileSync } from "node:fs";
import process from "node:process";

const [file, expr, prometheus] = process.argv.slice(2);
const { results } = JSON.parse(readFileSync(file, "utf8"));
if (results?.A?.status !== 200) fail(`results.A.status is ${results?.A?.status}: ${readFileSync(file, "utf8").slice(0, 500)}`);
const rows = results.A.frames.flatMap(rowsOf);
if (rows.length === 0) fail("no frame has a row");

const ours = new Set(rows.map(({ series, time, value }) => `${series} ${time} ${value}`));
const times = [...new Set(rows.map(({ time }) => time))];
const theirs = new Set((await Promise.all(times.map(seriesAt))).flat());
const different = [...ours].filter((row) => !theirs.has(row)).concat([...theirs].filter((row) => !ours.has(row)));
if (different.length > 0) fail(`not the same as Prometheus says:\n${different.join("\n")}`);
console.log(`${rows.length} rows of ${results.A.frames.length} frames are as Prometheus says`);

function rowsOf({ schema, data }) {
  const [times, ...values] = data.values;
  return values.flatMap((column, index) => {
    const series = key(schema.fields[index + 1].labels ?? {});
    return column.map((value, row) => ({ series, time: times[row], value: Number(value) }));
  });
}

async function seriesAt(time) {
  const answer = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query: expr, time: String(time / 1000) })}`);
  const { data } = await answer.json();
  return data.result.map(({ metric, value }) => `${key(metric)} ${time} ${Number(value[1])}`);
}

function key(labels) {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
