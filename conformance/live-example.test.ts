import path from "node:path";
import { expect, test } from "vitest";
import { root } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { startServer } from "./testing/start-server.js";

test("the example of Grafana Live works with curl alone", async () => {
  const server = await startServer();
  try {
    const script = runProcess(path.join(root, "examples/live.sh"), [], { env: bareEnvironment({ SERVER: server.url }) });
    const { code } = await script.end;
    expect({ code, stderr: script.stderr() }).toEqual({ code: 0, stderr: "" });
    expect(script.stdout()).toContain("and a channel of no data source is none");
  } finally {
    await server.stop();
  }
});
