// Runs some of Kubernetes' own cases against a fresh server and prints what became of each:
//   npx tsx conformance/e2e-run.ts [REGEXP]
import path from "node:path";
import { e2eCases, knownGaps, runE2e } from "./testing/e2e-run.js";
import { root } from "./testing/root.js";
import { startServer } from "./testing/start-server.js";

const wanted = new RegExp(process.argv[2] ?? "");
const cases = e2eCases.filter((name) => wanted.test(name));
const server = await startServer({ env: { GF_GRAFANA_APISERVER_WORKLOAD_KINDS: "true" } });
try {
  const outcomes = await runE2e(server.kubeconfig, cases, path.join(root, ".cache", "reports", "e2e-run"));
  for (const name of cases) {
    const outcome = outcomes.get(name);
    const isGap = knownGaps.has(name) ? " (known gap)" : "";
    if (outcome === undefined) console.log(`NONE${isGap} ${name}`);
    else if (outcome.failure === undefined) console.log(`ok${isGap} ${name} (${outcome.seconds.toFixed(1)} s)`);
    else console.log(`FAIL${isGap} ${name} (${outcome.seconds.toFixed(1)} s)\n     ${outcome.failure.replaceAll("\n", "\n     ").slice(0, 2_000)}`);
  }
  const passed = cases.filter((name) => outcomes.has(name) && outcomes.get(name)?.failure === undefined).length;
  console.log(`${String(passed)} passed, ${String(cases.length - passed)} failed`);
} finally {
  await server.stop();
}
