import { existsSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "./testing/needs.js";
import { tools } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { type StartedServer, startServer } from "./testing/start-server.js";

const binary = path.join(tools, "client-go");
const need = { name: "the client-go checks (conformance/build-tools.sh builds them)", isThere: () => existsSync(binary) };

describeWith([need], "programs built on client-go", () => {
  let server: StartedServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  // Informers of newer clients open with one watch that sends the state first; this version does so when told.
  test.each(["false", "true"])("every check passes, with WatchListClient %s", async (watchList) => {
    const checks = runProcess(binary, [server.kubeconfig], { env: bareEnvironment({ KUBE_FEATURE_WatchListClient: watchList }) });
    const { code } = await checks.end;
    const failed = checks
      .stdout()
      .split("\n")
      .filter((line) => line.startsWith("FAIL"));
    expect(failed).toEqual([]);
    expect(code).toBe(0);
  });
});
