// `npm run bench [NAME...]` measures and judges; `--smoke` only shows that every benchmark works.
import path from "node:path";
import { root } from "../conformance/testing/root.js";
import { benchmarks } from "./benchmarks.js";
import type { Finding } from "./measure/finding.js";
import { appendHistory } from "./measure/history.js";
import { planOf } from "./measure/plan.js";
import { isShown, reportOf } from "./measure/report.js";
import { openScene, type Scene } from "./measure/scene.js";

const parameters = process.argv.slice(2);
const plan = planOf({ smoke: parameters.includes("--smoke"), env: process.env });
const names = parameters.filter((it) => it !== "--smoke");
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(", ")}; there are: ${Object.keys(benchmarks).join(", ")}`);
  process.exit(2);
}
// What is seen in a second is nothing to keep.
if (plan.smoke) process.env["BENCH_RESULTS"] = path.join(root, ".cache", "bench-smoke");

let scene: Scene | undefined;
for (const [signal, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
  process.once(signal, () => {
    console.error(`\n${signal}: ending what was started`);
    void (scene?.end() ?? Promise.resolve()).finally(() => process.exit(code));
  });
}

const findings: Finding[] = [];
const failed: string[] = [];
for (const [name, load] of Object.entries(benchmarks)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const begun = performance.now();
  console.log(`\n== ${name}`);
  const run = await load();
  scene = openScene();
  try {
    const found = await run(plan);
    findings.push(...found);
    // It says itself what it needs.
    if (found.length === 0 && !plan.smoke) failed.push(`${name}: nothing was measured`);
  } catch (error) {
    console.error(error);
    failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await scene.end();
  }
  console.log(`== ${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}

console.log(`\n${reportOf(findings)}`);
for (const failure of failed) console.log(`failed: ${failure}`);
if (!plan.smoke && findings.length > 0) appendHistory(plan, findings);
process.exit(failed.length > 0 || (!plan.smoke && !findings.every(isShown)) ? 1 : 0);
