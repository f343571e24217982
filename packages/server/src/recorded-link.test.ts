import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, silentLogger } from "@dataplane/meta";
import { codecs, type GrpcLink } from "@dataplane/plugin-protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordedLink } from "./recorded-link.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "recorded-link-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { checkHealth } = codecs;
const answer = checkHealth.encodeResponse({ status: 1, message: "well", jsonDetails: new Uint8Array() });

/** The other end of a connection: always well. */
const healthyPeer: GrpcLink = {
  unary: () => Promise.resolve(answer),
  async *serverStream() {
    yield await Promise.resolve(answer);
  },
  close: () => undefined,
};

function openIn(file: string) {
  const errors: string[] = [];
  const logger: Logger = { ...silentLogger, error: (_fields, message) => errors.push(message), child: () => logger };
  const open = recordedLink({ open: () => Promise.resolve(healthyPeer), file, plugin: { id: "x" }, logger });
  return { open: () => open({ address: { network: "unix", path: "/none" } }, 1000), errors };
}

const options = { signal: new AbortController().signal };
const request = checkHealth.encodeRequest({
  pluginContext: { orgId: 1, pluginId: "x", grafanaConfig: {}, pluginVersion: "", userAgent: "", apiVersion: "", namespace: "default" },
  headers: {},
});

test("each call is a line of the file", async () => {
  const file = join(folder, "calls.jsonl");
  const link = await openIn(file).open();
  for (let call = 0; call < 2; call += 1) expect(await link.unary(checkHealth.path, request, options)).toBe(answer);
  expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(3);
});

test("a file that cannot be made, or not be written any more, is told and disturbs no call", async () => {
  const nowhere = openIn(join(folder, "no", "such", "folder.jsonl"));
  expect(await (await nowhere.open()).unary(checkHealth.path, request, options)).toBe(answer);
  expect(nowhere.errors).toEqual(["calls to the plugin cannot be recorded"]);

  const doomed = mkdtempSync(join(folder, "doomed-"));
  const broken = openIn(join(doomed, "calls.jsonl"));
  const link = await broken.open();
  rmSync(doomed, { recursive: true });
  for (let call = 0; call < 3; call += 1) expect(await link.unary(checkHealth.path, request, options)).toBe(answer);
  expect(broken.errors).toEqual(["the recording cannot be written any more"]);
  expect(existsSync(doomed)).toBe(false);
});
