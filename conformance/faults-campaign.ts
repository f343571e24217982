// Histories of many clients under faults, on each engine that is installed, with the failpoints: what `npm run test:faults` runs. A history
// that fails is kept, with its seed.
//
//   npm run test:faults -- [--engine=sqlite,postgres,mysql,etcd] [--histories=100] [--seconds=60] [--servers=1,3] [--seed=N] [--out=FOLDER]
import { mkdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type EngineName, engineNames } from "./faults/engine.js";
import { type HistoryOptions, type HistoryReport, runHistory } from "./faults/run-history.js";
import { temporaryFolder } from "./testing/start-server.js";

interface Totals {
  histories: number;
  failed: number;
  operations: number;
  events: number;
}

/** SQLite belongs to one server. */
const serversOn = (engine: EngineName, servers: readonly number[]): readonly number[] => (engine === "sqlite" ? [1] : servers);

async function runEngine(engine: EngineName, options: Omit<HistoryOptions, "engine" | "servers">, count: number, servers: readonly number[]) {
  const totals: Totals = { histories: 0, failed: 0, operations: 0, events: 0 };
  const choices = serversOn(engine, servers);
  for (let index = 0; index < count; index += 1) {
    const each = { ...options, engine, servers: choices[index % choices.length] ?? 1, seed: options.seed + index };
    const report = await runHistory(each).catch((error: unknown) => String(error));
    if (report === undefined) {
      console.log(`${engine}: not installed`);
      return totals;
    }
    addTo(totals, report);
    console.log(lineOf(each, report));
  }
  return totals;
}

function addTo(totals: Totals, report: HistoryReport | string): void {
  totals.histories += 1;
  if (typeof report === "string") {
    totals.failed += 1;
    return;
  }
  if (report.violations.length + report.undecided.length > 0) totals.failed += 1;
  totals.operations += report.operations;
  totals.events += report.events;
}

function lineOf({ engine, servers, seed }: HistoryOptions, report: HistoryReport | string): string {
  const name = `${engine}, ${String(servers)} server${servers === 1 ? "" : "s"}, seed ${String(seed)}`;
  if (typeof report === "string") return `${name}: did not run: ${report}`;
  const { operations, answered, changes, watches, events, gone, violations, undecided, file } = report;
  const faults = Object.entries(report.faults).map(([fault, count]) => `${fault} ${String(count)}`);
  const counts = `${String(operations)} operations (${String(answered)} answered, ${String(changes)} changes), ${String(watches)} watches (${String(events)} events, ${String(gone)} gone); ${faults.join(", ")}`;
  if (violations.length + undecided.length === 0) return `${name}: linearizable; ${counts}`;
  const first = violations.slice(0, 10).map((each) => `\n    ${each.slice(0, 600)}`);
  return `${name}: ${String(violations.length)} VIOLATIONS, ${String(undecided.length)} undecided; ${counts}; ${file}${first.join("")}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { values } = parseArgs({
    options: {
      engine: { type: "string", default: engineNames.join(",") },
      histories: { type: "string", default: "100" },
      seconds: { type: "string", default: "60" },
      servers: { type: "string", default: "1,3" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      out: { type: "string" },
    },
  });
  const folder = values.out ?? temporaryFolder("histories");
  mkdirSync(folder, { recursive: true });
  const servers = values.servers.split(",").map(Number);
  let failed = 0;
  for (const engine of engineNames.filter((name) => values.engine.split(",").includes(name))) {
    const options = { seconds: Number(values.seconds), seed: Number(values.seed), folder };
    const totals = await runEngine(engine, options, Number(values.histories), servers);
    failed += totals.failed;
    console.log(
      `${engine}: ${String(totals.histories)} histories, ${String(totals.failed)} failed, ${String(totals.operations)} operations, ${String(totals.events)} events of watches`,
    );
  }
  process.exitCode = failed === 0 ? 0 : 1;
}
