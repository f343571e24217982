import { existsSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type E2eOutcome, e2eBinary, e2eCases, knownGaps, runE2e } from "./testing/e2e-run.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { startServer } from "./testing/start-server.js";

const need = { name: "Kubernetes' end-to-end cases (conformance/build-tools.sh builds them)", isThere: () => existsSync(e2eBinary) };

/** Each half against a server of its own, at the same time. */
const shards = 2;

describeWith([need, needsKubectl("newest")], "Kubernetes' own cases that need no node", () => {
  const outcomes = new Map<string, E2eOutcome>();

  beforeAll(async () => {
    const halves = Array.from({ length: shards }, (_, shard) => e2eCases.filter((_name, index) => index % shards === shard));
    await Promise.all(halves.map((cases, shard) => runHalf(cases, shard)));
  }, 1_800_000);

  async function runHalf(cases: readonly string[], shard: number): Promise<void> {
    const server = await startServer({ env: { GF_GRAFANA_APISERVER_WORKLOAD_KINDS: "true" } });
    try {
      const found = await runE2e(server.kubeconfig, cases, path.join(root, ".cache", "reports", `e2e-${String(shard)}`));
      for (const [name, outcome] of found) outcomes.set(name, outcome);
    } finally {
      await server.stop();
    }
  }

  test.each(e2eCases.filter((name) => !knownGaps.has(name)))("%s", (name) => {
    const outcome = outcomes.get(name);
    expect(outcome, "the case did not run").toBeDefined();
    expect(outcome?.failure).toBeUndefined();
  });

  test("the known gaps are gaps still, and are cases", () => {
    const closed = [...knownGaps.keys()].filter((name) => outcomes.get(name)?.failure === undefined && outcomes.has(name));
    expect(closed, "these pass: take them out of known-gaps.txt").toEqual([]);
    expect([...knownGaps.keys()].filter((name) => !e2eCases.includes(name))).toEqual([]);
  });
});
