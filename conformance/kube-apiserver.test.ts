import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gadgetCrd } from "./kube-apiserver/gadget-crd.js";
import { allReasons, knownDifference } from "./kube-apiserver/known-differences.js";
import { play } from "./kube-apiserver/play.js";
import type { Answer, RecordedStep } from "./kube-apiserver/step.js";
import { root } from "./testing/root.js";
import { type StartedServer, startServer } from "./testing/start-server.js";

// What a kube-apiserver said to the same requests; `kube-apiserver/record.ts` wrote it.
const recorded = readFileSync(path.join(root, "conformance", "kube-apiserver", "recorded.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as RecordedStep & { readonly sequence: string });
const names = [...new Set(recorded.map(({ sequence }) => sequence))];

describe("the same requests have the same answers as from kube-apiserver", () => {
  let server: StartedServer;
  const used = new Set<string>();
  let same = 0;
  const admin = { authorization: `Basic ${Buffer.from("admin:admin").toString("base64")}` };

  beforeAll(async () => {
    server = await startServer();
    const crd = { method: "POST", path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body: gadgetCrd } as const;
    await play({ url: server.url, headers: admin }, [crd]);
  });
  afterAll(() => server.stop());

  test.each(names)("%s", async (name) => {
    const steps = recorded.filter(({ sequence }) => sequence === name);
    const answers = await play(
      { url: server.url, headers: admin },
      steps.map(({ step }) => step),
    );
    const differing = steps.flatMap(({ step, answer }, index) => {
      const ours = answers[index];
      if (ours === undefined) return [];
      if (isSame(ours, answer)) {
        same += 1;
        return [];
      }
      const reasons = knownDifference(step, { theirs: answer, ours });
      for (const reason of reasons ?? []) used.add(reason);
      if (reasons !== undefined) return [];
      return [{ index, request: `${step.method} ${step.path}`, sent: step.body, theirs: answer, ours }];
    });
    expect(differing.slice(0, 3)).toEqual([]);
  });

  test("each difference that is known is still there", () => {
    console.log(`${String(same)} of ${String(recorded.length)} answers are the same as from kube-apiserver, the others differ as listed`);
    expect(allReasons.filter((reason) => !used.has(reason))).toEqual([]);
  });
});

const isSame = (a: Answer, b: Answer): boolean => JSON.stringify(a) === JSON.stringify(b);
