import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createApiClient } from "@dataplane/client";
import { ManualClock, settled } from "@dataplane/controller/testing";
import { controlPlaneUser, type Handler, notFound, silentLogger } from "@dataplane/meta";
import { parsePluginJson } from "@dataplane/plugin-host";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LiveValue } from "../tls/live.js";
import { AppCredentials } from "./app-credentials.js";

const id = "acme-things-app";
const { signal } = new AbortController();
let root: string;
let clock: ManualClock;
/** What the API server has. */
let accountUid: string | undefined;
let isInstalled: boolean;
let issued: number;
let asked: string[];
let stop: AbortController;
let running: Promise<void>[];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "credentials-"));
  mkdirSync(path.join(root, "plugin"));
  writeFileSync(
    path.join(root, "plugin", "app-manifest.json"),
    JSON.stringify({ apiVersion: "apps.grafana.app/v1alpha2", kind: "AppManifest", spec: { appName: id } }),
  );
  [clock, accountUid, isInstalled, issued, asked, stop, running] = [new ManualClock(), "first", true, 0, [], new AbortController(), []];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  rmSync(root, { recursive: true });
});

const json = (status: number, body: object) => ({ status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** In place of the API server: one ServiceAccount, whose tokens last as long as they are asked to, but 100 s at most. */
const apiServer: Handler = async ({ method, path: asks, body }) => {
  asked.push(`${method} ${asks}`);
  if (accountUid === undefined) return json(404, notFound("serviceaccounts", id).toStatus());
  const kept = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: id, namespace: "default", uid: accountUid } };
  if (method === "GET" && asks.endsWith(`/serviceaccounts/${id}`)) return json(200, kept);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  const { spec } = JSON.parse(Buffer.concat(pieces).toString()) as { readonly spec: { readonly expirationSeconds: number } };
  issued += 1;
  const ends = new Date(clock.now().getTime() + Math.min(spec.expirationSeconds, 100) * 1_000);
  const status = { token: `token ${issued} of ${accountUid}`, expirationTimestamp: ends.toISOString() };
  return json(201, { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: { name: id }, spec, status });
};

const serving = new LiveValue({ ca: "the first CA" });
const plugin = (directory = path.join(root, "plugin")) => ({ json: parsePluginJson(JSON.stringify({ id, type: "app", name: "Things" })), directory });
const fileOf = (name: string): string => path.join(root, "apps", id, name);
const textOf = (name: string): string => readFileSync(fileOf(name), "utf8");

function open(lifetimeSeconds?: number): AppCredentials {
  const client = createApiClient({ handler: apiServer, user: controlPlaneUser });
  const plugins = { get: () => (isInstalled ? ({} as never) : undefined) };
  const credentials = new AppCredentials({
    ...{ client, plugins, directory: path.join(root, "apps"), serving, clock, logger: silentLogger },
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
  });
  running.push(credentials.run(stop.signal));
  return credentials;
}

/** Renewals look every 5 s. */
async function pass(seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 5) {
    await clock.advance(5_000);
    for (let turn = 0; turn < 5; turn++) await settled();
  }
}

test("an app with a manifest gets the address, the CA and a token in files that are its own alone; one without gets nothing", async () => {
  const credentials = open();
  credentials.listensAt("https://127.0.0.1:6443");
  expect(await credentials.environmentFor(plugin(), signal)).toEqual({ KUBECONFIG: fileOf("kubeconfig") });
  expect([textOf("token"), textOf("ca.crt")]).toEqual(["token 1 of first", "the first CA"]);
  expect(textOf("kubeconfig")).toContain("https://127.0.0.1:6443");
  expect(textOf("kubeconfig")).not.toContain("token 1");
  expect(["token", "kubeconfig", "ca.crt"].map((name) => statSync(fileOf(name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
  expect(await credentials.environmentFor(plugin(root), signal)).toEqual({});
});

test("it waits until this server listens, and until its account is made; whoever leaves before ends the wait", async () => {
  accountUid = undefined;
  const credentials = open();
  const left = new AbortController();
  const early = credentials.environmentFor(plugin(), left.signal);
  left.abort(new Error("the plugin was stopped"));
  await expect(early).rejects.toThrow("the plugin was stopped");
  expect(asked).toEqual([]);
  let environment: object | undefined;
  const waiting = credentials.environmentFor(plugin(), signal).then((it) => (environment = it));
  credentials.listensAt("https://127.0.0.1:6443");
  await pass(10);
  expect([environment, asked.length > 10]).toEqual([undefined, true]);
  accountUid = "late";
  await pass(5);
  await waiting;
  expect(textOf("token")).toBe("token 1 of late");
});

test.each<[number | undefined, number]>([
  [50, 40],
  // The server grants 100 s, whatever is asked for.
  [undefined, 80],
])("a token of a life of %s seconds is renewed when four fifths are over, each time", async (lifetimeSeconds, renewedAfter) => {
  const credentials = open(lifetimeSeconds);
  credentials.listensAt("https://127.0.0.1:6443");
  await credentials.environmentFor(plugin(), signal);
  for (let round = 1; round <= 5; round++) {
    await pass(renewedAfter - 10);
    expect(textOf("token")).toBe(`token ${round} of first`);
    await pass(10);
    expect(textOf("token")).toBe(`token ${round + 1} of first`);
  }
});

test("a token of an account that was made anew is replaced at once; without an account the old one stays", async () => {
  const credentials = open();
  credentials.listensAt("https://127.0.0.1:6443");
  await credentials.environmentFor(plugin(), signal);
  accountUid = undefined;
  await pass(20);
  expect(textOf("token")).toBe("token 1 of first");
  accountUid = "second";
  await pass(5);
  expect(textOf("token")).toBe("token 2 of second");
});

test("a new CA is written at once; the files of an app that is gone go, and all go with the server", async () => {
  const credentials = open();
  credentials.listensAt("https://127.0.0.1:6443");
  await credentials.environmentFor(plugin(), signal);
  serving.set({ ca: "the second CA" });
  expect(textOf("ca.crt")).toBe("the second CA");
  isInstalled = false;
  await pass(5);
  expect(existsSync(fileOf("token"))).toBe(false);
  stop.abort();
  await Promise.all(running);
  expect(existsSync(path.join(root, "apps"))).toBe(false);
});
