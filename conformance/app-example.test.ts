import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { kubectlBinary } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { startServer, temporaryFolder } from "./testing/start-server.js";

describeWith([needsKubectl("newest")], "the example of an app", () => {
  test("works with kubectl and curl alone", async () => {
    const example = path.join(root, "examples/app");
    const server = await startServer({ env: { ...unsignedPluginsAllowed, GF_PATHS_PLUGINS: path.join(example, "plugins") } });
    const programs = path.join(temporaryFolder("bin"), "bin");
    mkdirSync(programs);
    symlinkSync(kubectlBinary("newest"), path.join(programs, "kubectl"));
    try {
      const env = bareEnvironment({ KUBECONFIG: server.kubeconfig, HOME: programs, PATH: `${programs}:${process.env["PATH"] ?? ""}` });
      const script = runProcess(path.join(example, "run.sh"), [server.url], { env });
      const { code } = await script.end;
      expect({ code, stderr: script.stderr() }, script.stdout()).toEqual({ code: 0, stderr: "" });
    } finally {
      await server.stop();
    }
  });
});
