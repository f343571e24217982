import { afterAll, beforeAll, expect, test } from "vitest";
import { expectedOf, openShell, type Shell, session } from "./kubectl-commands/session.js";
import { type KubectlVersion, kubectlVersions } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { type StartedServer, startServer } from "./testing/start-server.js";

for (const version of kubectlVersions) describeWith([needsKubectl(version)], `a session with kubectl ${version}`, () => suite(version));

/** Each command goes on from where the one before it left the server. */
function suite(version: KubectlVersion): void {
  let server: StartedServer;
  let shell: Shell;

  beforeAll(async () => {
    server = await startServer();
    shell = await openShell(version, server.kubeconfig);
  });
  afterAll(async () => {
    shell.close();
    await server.stop();
  });

  for (const step of session) {
    test(step.run, async () => {
      expect(await shell.play(step)).toEqual(expectedOf(step, version));
    });
  }
}
