import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import path from "node:path";

const folder = path.join(path.dirname(import.meta.dirname), "results");

/** Writes what was seen to bench/results/<name>.json, with the day, the commit and the machine, without which it says nothing. */
export function writeResults(name: string, figures: object): void {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
  // eslint-disable-next-line sonarjs/no-os-command-from-path -- the developer's own git.
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: folder, encoding: "utf8" }).trim();
  const file = path.join(folder, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ date: new Date().toISOString(), commit, machine, ...figures }, null, 2)}\n`);
  console.log(`written: ${path.relative(process.cwd(), file)}`);
}
