import { existsSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type E2eOutcome, e2eBinary, e2eCases, knownGaps, runE2eInShards } from "./testing/e2e-run.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { root } from "./testing/root.js";

const need = { name: "Kubernetes' end-to-end cases (conformance/build-tools.sh builds them)", isThere: () => existsSync(e2eBinary) };

describeWith([need, needsKubectl("newest")], "Kubernetes' own cases that need no node", () => {
  let outcomes: ReadonlyMap<string, E2eOutcome> = new Map();
  const passes = (name: string): boolean => outcomes.has(name) && outcomes.get(name)?.failure === undefined;

  beforeAll(async () => {
    const begun = Date.now();
    outcomes = await runE2eInShards(e2eCases, 4, path.join(root, ".cache", "reports", "e2e"));
    const passed = e2eCases.filter(passes).length;
    const seconds = Math.round((Date.now() - begun) / 1_000);
    console.log(`Kubernetes' own cases: ${String(passed)} of ${String(e2eCases.length)} passed in ${String(seconds)} s`);
  }, 1_800_000);

  test.each(e2eCases.filter((name) => !knownGaps.has(name)))("%s", (name) => {
    const outcome = outcomes.get(name);
    expect(outcome, "the case did not run").toBeDefined();
    expect(outcome?.failure).toBeUndefined();
  });

  test("the known gaps are gaps still, and are cases", () => {
    expect([...knownGaps.keys()].filter(passes), "these pass: take them out of known-gaps.txt").toEqual([]);
    expect([...knownGaps.keys()].filter((name) => !e2eCases.includes(name))).toEqual([]);
  });
});
