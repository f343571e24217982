// Runs Kubernetes' own cases, or those whose names match, against fresh servers and prints what became of each:
//   npx tsx conformance/e2e-run.ts [REGEXP]
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { e2eCases, knownGaps, runE2eInShards } from "./testing/e2e-run.js";

// eslint-disable-next-line security/detect-non-literal-regexp -- the caller's own.
const wanted = new RegExp(process.argv[2] ?? "");
const cases = e2eCases.filter((name) => wanted.test(name));
const reports = mkdtempSync(path.join(tmpdir(), "dataplane-e2e-"));
const begun = Date.now();
const outcomes = await runE2eInShards(cases, Math.min(4, cases.length), reports);
for (const name of cases) {
  const outcome = outcomes.get(name);
  const isGap = knownGaps.has(name) ? " (known gap)" : "";
  if (outcome === undefined) console.log(`NONE${isGap} ${name}`);
  else if (outcome.failure === undefined) console.log(`ok${isGap} ${name} (${outcome.seconds.toFixed(1)} s)`);
  else console.log(`FAIL${isGap} ${name} (${outcome.seconds.toFixed(1)} s)\n     ${outcome.failure.replaceAll("\n", "\n     ").slice(0, 2_000)}`);
}
const passed = cases.filter((name) => outcomes.has(name) && outcomes.get(name)?.failure === undefined).length;
console.log(
  `${String(passed)} passed, ${String(cases.length - passed)} failed in ${((Date.now() - begun) / 1_000).toFixed(0)} s; logs in ${reports}`,
);
