import { existsSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "./testing/needs.js";
import { tools } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { type StartedServer, startServer } from "./testing/start-server.js";

const binary = path.join(tools, "controller-runtime");
const need = { name: "the operator on controller-runtime (conformance/build-tools.sh builds it)", isThere: () => existsSync(binary) };

describeWith([need], "an operator built on controller-runtime", () => {
  let server: StartedServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test("every check of its managers, controller and webhooks passes", async () => {
    const checks = runProcess(binary, [server.kubeconfig], { env: bareEnvironment() });
    const { code } = await checks.end;
    const lines = checks.stdout().split("\n");
    expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([]);
    expect(code, checks.stderr()).toBe(0);
    expect(lines.filter((line) => line.startsWith("ok")).length).toBeGreaterThan(15);
  });
});
