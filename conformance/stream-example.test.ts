import path from "node:path";
import { expect, test } from "vitest";
import { root } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { startServer } from "./testing/start-server.js";

test("the example of streams works with curl alone", async () => {
  const server = await startServer();
  try {
    const script = runProcess(path.join(root, "examples/stream/run.sh"), [server.url], { env: bareEnvironment() });
    const { code } = await script.end;
    expect({ code, stderr: script.stderr() }).toEqual({ code: 0, stderr: "" });
    expect(script.stdout()).toContain("-- a channel that the plugin does not know");
  } finally {
    await server.stop();
  }
});
