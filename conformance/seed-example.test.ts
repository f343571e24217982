import path from "node:path";
import { expect, test } from "vitest";
import { describeWith, needsKubectl, needsPrometheus } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";

describeWith([needsPrometheus, needsKubectl("v1.32"), needsKubectl("newest")], "the README's example", () => {
  test("works word for word with the default ports, the oldest kubectl and the newest", { timeout: 400_000 }, async () => {
    const script = runProcess(path.join(root, "conformance", "seed-example.sh"), [], { env: bareEnvironment() });
    const { code } = await script.end;
    expect(script.stdout() + script.stderr()).toContain("the example works with kubectl v1.32 newest");
    expect(code).toBe(0);
  });
});
