import { existsSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectedOf, openShell, type Shell, session } from "./kubectl-commands/session.js";
import { type KubectlVersion, kubectlVersions } from "./testing/kubectl.js";
import { describeWith, type Need, needsKubectl } from "./testing/needs.js";
import { type StartedServer, startServer } from "./testing/start-server.js";

const isInPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(path.delimiter).some((folder) => existsSync(path.join(folder, program)));

const programs: readonly Need[] = ["jq", "openssl", "curl"].map((name) => ({ name, isThere: () => isInPath(name) }));

for (const version of kubectlVersions) describeWith([needsKubectl(version), ...programs], `a session with kubectl ${version}`, () => suite(version));

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
