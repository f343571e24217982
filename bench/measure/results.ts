import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import path from "node:path";
import { root } from "../../conformance/testing/root.js";

/** Where what was seen is kept: bench/results, unless BENCH_RESULTS names another folder. It is there afterwards. */
export function resultsFolder(): string {
  const folder = path.resolve(root, process.env["BENCH_RESULTS"] ?? path.join("bench", "results"));
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The day, the commit and the machine, without which a figure says nothing. */
export function circumstances(): object {
  // eslint-disable-next-line sonarjs/no-os-command-from-path -- the developer's own git.
  const commit = execFileSync("git", ["describe", "--always", "--dirty", "--exclude=*"], { cwd: root, encoding: "utf8" }).trim();
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
  return { date: new Date().toISOString(), commit, machine };
}

/** Writes what was seen to <name>.json of the folder of results, with its circumstances. */
export function writeResults(name: string, figures: object): void {
  const file = path.join(resultsFolder(), `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ ...circumstances(), ...figures }, null, 2)}\n`);
  console.log(`written: ${path.relative(process.cwd(), file)}`);
}
