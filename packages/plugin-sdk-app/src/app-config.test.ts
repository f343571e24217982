import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { appConfigFromEnv } from "./app-config.js";

const directory = mkdtempSync(path.join(tmpdir(), "app-config-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: app
clusters: [{ name: dataplane, cluster: { server: "https://127.0.0.1:6443", certificate-authority: ca.crt } }]
users: [{ name: my-app, user: { tokenFile: token } }]
contexts: [{ name: app, context: { cluster: dataplane, user: my-app, namespace: dataplane-apps } }]
`;

function replace(name: string, text: string): void {
  const whole = path.join(directory, name);
  writeFileSync(`${whole}.new`, text);
  renameSync(`${whole}.new`, whole);
}

test("a kubeconfig's paths are beside it, and a token that was exchanged is read anew", () => {
  replace("kubeconfig", kubeconfig);
  replace("ca.crt", "the CA\n");
  replace("token", "first\n");
  const config = appConfigFromEnv({ KUBECONFIG: path.join(directory, "kubeconfig") });
  expect(config).toMatchObject({ server: "https://127.0.0.1:6443", namespace: "dataplane-apps", user: "my-app" });
  expect([config.ca(), config.token()]).toEqual(["the CA", "first"]);
  replace("token", "second\n");
  expect(config.token()).toBe("second");
});

test("without KUBECONFIG it says who gives it", () => {
  expect(() => appConfigFromEnv({})).toThrow("KUBECONFIG is not set");
});
