// Histories of many clients under faults, on each engine that is installed, and deaths at each failpoint: what `npm run test:faults` runs. A
// history that fails is kept, with its seed.
//
//   npm run test:faults -- [--engine=sqlite,postgres,mysql,etcd] [--histories=100] [--seconds=60] [--servers=1,3] [--deaths=20] [--seed=N] [--out=FOLDER]
import { mkdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type EngineName, engineNames } from "./faults/engine.js";
import { failpointPlans } from "./faults/failpoints.js";
import { nemesisFor } from "./faults/nemesis.js";
import { type HistoryOptions, type HistoryReport, runHistory } from "./faults/run-history.js";
import { temporaryFolder } from "./testing/start-server.js";

interface Plan extends Omit<HistoryOptions, "seed" | "folder"> {
  readonly name: string;
}

interface CampaignOptions {
  readonly histories: number;
  readonly seconds: number;
  readonly servers: readonly number[];
  readonly deaths: number;
}

/** Histories first, with as many servers as asked in turn (SQLite belongs to one), then the failpoints. */
function plansOf(engine: EngineName, { histories, seconds, servers, deaths }: CampaignOptions): readonly Plan[] {
  const counts = engine === "sqlite" ? [1] : servers;
  const underFaults = Array.from({ length: histories }, (_, index) => {
    const count = counts[index % counts.length] ?? 1;
    return { name: `${String(count)} server${count === 1 ? "" : "s"}`, engine, servers: count, disturb: nemesisFor(seconds) };
  });
  return [...underFaults, ...(deaths > 0 ? failpointPlans(engine, deaths) : [])];
}

class Totals {
  histories = 0;
  failed = 0;
  #operations = 0;
  #events = 0;
  readonly #faults = new Map<string, number>();

  add(report: HistoryReport | string): void {
    this.histories += 1;
    if (typeof report === "string" || isBad(report)) this.failed += 1;
    if (typeof report === "string") return;
    this.#operations += report.operations;
    this.#events += report.events;
    for (const [fault, count] of Object.entries(report.faults)) this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + count);
  }

  toString(): string {
    const counts = `${String(this.histories)} histories, ${String(this.failed)} failed, ${String(this.#operations)} operations, ${String(this.#events)} events of watches`;
    return `${counts}; ${faultsText(Object.fromEntries(this.#faults))}`;
  }
}

const isBad = ({ violations, undecided }: HistoryReport): boolean => violations.length + undecided.length > 0;

const faultsText = (faults: Readonly<Record<string, number>>): string =>
  Object.entries(faults)
    .map(([fault, count]) => `${fault} ${String(count)}`)
    .join(", ");

function lineOf(name: string, report: HistoryReport | string): string {
  if (typeof report === "string") return `${name}: did not run: ${report}`;
  const { operations, answered, changes, watches, events, gone, violations, undecided, file } = report;
  const calls = `${String(operations)} operations (${String(answered)} answered, ${String(changes)} changes)`;
  const counts = `${calls}, ${String(watches)} watches (${String(events)} events, ${String(gone)} gone); ${faultsText(report.faults)}`;
  if (!isBad(report)) return `${name}: linearizable; ${counts}`;
  const found = [...violations, ...undecided.map((key) => `undecided: ${key}`)].slice(0, 10).map((each) => `\n    ${each.slice(0, 600)}`);
  return `${name}: ${String(violations.length)} VIOLATIONS, ${String(undecided.length)} undecided; ${counts}; ${file}${found.join("")}`;
}

async function runEngine(engine: EngineName, plans: readonly Plan[], { seed, folder }: Pick<HistoryOptions, "seed" | "folder">): Promise<Totals> {
  const totals = new Totals();
  for (const [index, { name, ...plan }] of plans.entries()) {
    const own = seed + index;
    const report = await runHistory({ ...plan, seed: own, folder }).catch((error: unknown) => String(error));
    if (report === undefined) {
      console.log(`${engine}: not installed`);
      break;
    }
    totals.add(report);
    console.log(lineOf(`${engine}, ${name}, seed ${String(own)}`, report));
  }
  return totals;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { values } = parseArgs({
    options: {
      engine: { type: "string", default: engineNames.join(",") },
      histories: { type: "string", default: "100" },
      seconds: { type: "string", default: "60" },
      servers: { type: "string", default: "1,3" },
      deaths: { type: "string", default: "20" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      out: { type: "string" },
    },
  });
  const folder = values.out ?? temporaryFolder("histories");
  mkdirSync(folder, { recursive: true });
  const options = {
    histories: Number(values.histories),
    seconds: Number(values.seconds),
    servers: values.servers.split(",").map(Number),
    deaths: Number(values.deaths),
  };
  let failed = 0;
  for (const engine of engineNames.filter((name) => values.engine.split(",").includes(name))) {
    const totals = await runEngine(engine, plansOf(engine, options), { seed: Number(values.seed), folder });
    failed += totals.failed;
    console.log(`${engine}: ${totals.toString()}`);
  }
  process.exitCode = failed === 0 ? 0 : 1;
}
