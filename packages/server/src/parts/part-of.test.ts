import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../config/load-config.js";
import { apiServerOf, requirePossible, withFilesOfApiServer } from "./part-of.js";

const root = mkdtempSync(path.join(tmpdir(), "parts-"));
const config = (...overrides: readonly string[]) => loadConfig({ root, file: undefined, env: {}, overrides });

test.each([
  [["server.target=aggregator"], "[grafana-apiserver] url must be an https address"],
  [["server.target=aggregator", "grafana-apiserver.url=http://x"], "must be an https address"],
  [["server.target=aggregator", "grafana-apiserver.url=https://x"], "ca_file, or data"],
  [["server.target=aggregator", "grafana-apiserver.url=https://x", "grafana-apiserver.ca_file=a"], "proxy_client_cert_file"],
  [["server.target=apiserver", "aggregator.url=https://x"], "[aggregator] needs ca_file"],
  [["server.target=apiserver", "feature_toggles.grafanaAPIServerEnsureKubectlAccess=false"], "needs HTTPS"],
])("%j is impossible, in words that name the key", (overrides, words) => {
  expect(() => requirePossible(config(...overrides))).toThrow(words);
});

test("all in one process, and an API server that asks nobody, need nothing more", () => {
  expect(() => requirePossible(config())).not.toThrow();
  expect(() => requirePossible(config("server.target=apiserver"))).not.toThrow();
});

test("certificates that were not configured are those in the data folder of the API server", () => {
  const told = config(
    "server.target=aggregator",
    "grafana-apiserver.url=https://x:6443/",
    "grafana-apiserver.data=api",
    "grafana-apiserver.client_ca_file=own",
  );
  requirePossible(told);
  expect(withFilesOfApiServer(told, root)).toMatchObject({
    proxyClientCertFile: path.join(root, "api/keys/front-proxy-client.crt"),
    requestHeaderClientCaFile: path.join(root, "api/keys/front-proxy-ca.crt"),
    clientCaFile: "own",
  });
  expect(apiServerOf(told, root)).toEqual({ url: "https://x:6443", caFile: path.join(root, "api/keys/ca.crt") });
});
