import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { kubeconfigPath, requireLocalKubeconfig, writeKubeconfig } from "./kubeconfig.js";
import { isLocal, isLocalThroughProxies } from "./request-origin.js";
import { openTokens } from "./tokens.js";
import { changePassword, openUsers } from "./users.js";

const folder = () => mkdtempSync(path.join(tmpdir(), "identity-"));

async function* nothing(): AsyncGenerator<Uint8Array> {
  // No body.
}

const from = (remoteAddress: string, headers: Record<string, string> = {}) => ({
  method: "GET",
  path: "/",
  query: new URLSearchParams(),
  headers,
  body: nothing(),
  signal: new AbortController().signal,
  remoteAddress,
  context: {},
});
const here = from("127.0.0.1");
const away = from("192.0.2.7");

test("the first user is made once, hashed, and keeps its password over restarts", async () => {
  const directory = folder();
  const users = await openUsers({ directory, adminUser: "root", adminPassword: "first secret" });
  expect(await users.verify("root", "first secret", away)).toMatchObject({ name: "root", groups: ["dataplane:admin", "system:authenticated"] });
  const file = path.join(directory, "users.json");
  expect(readFileSync(file, "utf8")).not.toContain("first secret");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await openUsers({ directory, adminUser: "root", adminPassword: "other" });
  expect(await again.verify("root", "other", here)).toBeUndefined();
  expect(await again.verify("root", "first secret", here)).toBeDefined();
});

test("the default password works from this machine only", async () => {
  const users = await openUsers({ directory: folder(), adminUser: "admin", adminPassword: "admin" });
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    expect(await users.verify("admin", "admin", from(address))).toBeDefined();
  for (const request of [
    away,
    from("::ffff:192.0.2.7"),
    from("127.0.0.1", { "x-forwarded-for": "192.0.2.7" }),
    from("127.0.0.1", { "x-forwarded-for": "127.0.0.1" }),
    from("::1", { forwarded: "for=x" }),
  ]) {
    await expect(users.verify("admin", "admin", request)).rejects.toThrow("[security] admin_password");
  }
  expect(await users.verify("admin", "wrong", away)).toBeUndefined();
});

test("a changed password counts at once, and the old one no longer", async () => {
  const directory = folder();
  const users = await openUsers({ directory, adminUser: "admin", adminPassword: "admin" });
  expect(await users.verify("admin", "admin", here)).toBeDefined();
  expect(await changePassword({ directory, name: "nobody", password: "x" })).toBe(false);
  expect(await changePassword({ directory, name: "admin", password: "new one" })).toBe(true);
  expect(await users.verify("admin", "admin", here)).toBeUndefined();
  expect(await users.verify("admin", "new one", away)).toBeDefined();
});

test("a token is good for its server until it expires", async () => {
  let now = new Date("2026-01-01T00:00:00Z");
  const directory = folder();
  const tokens = openTokens(directory, () => now);
  const token = await tokens.sign({ name: "ann", groups: ["g"] });
  expect(await tokens.verify(token)).toEqual({ name: "ann", groups: ["g", "system:authenticated"] });
  expect(await openTokens(directory, () => now).verify(token)).toMatchObject({ name: "ann" });
  await expect(openTokens(folder(), () => now).verify(token)).rejects.toThrow("not valid here");
  await expect(tokens.verify(`${token.slice(0, -4)}AAAA`)).rejects.toMatchObject({ code: 401 });
  now = new Date("2026-02-01T00:00:00Z");
  await expect(tokens.verify(token)).rejects.toThrow("expired");
});

test("a token without a signature is refused", async () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const forged = `${part({ alg: "none" })}.${part({ sub: "admin", iss: "data-plane-aggregator", exp: 9_999_999_999 })}.`;
  await expect(openTokens(folder(), () => new Date()).verify(forged)).rejects.toMatchObject({ code: 401 });
});

test("the kubeconfig has Grafana's names, our authority and mode 0600", async () => {
  const data = folder();
  const file = kubeconfigPath(data);
  await writeKubeconfig({ file, server: "https://127.0.0.1:6443", ca: "PEM", tokens: openTokens(data, () => new Date()) });
  expect(file.endsWith("grafana-apiserver/grafana.kubeconfig")).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toMatch(
    /certificate-authority-data: UEVN\n[\s\S]*current-context|current-context: default-context[\s\S]*certificate-authority-data: UEVN\n/,
  );
});

test("the kubeconfig's token is refused from elsewhere", () => {
  const user = { name: "kubeconfig-admin", groups: ["system:masters"] };
  expect(() => requireLocalKubeconfig(user, here)).not.toThrow();
  expect(() => requireLocalKubeconfig(user, away)).toThrow("own machine only");
  expect(() => requireLocalKubeconfig(user, from("127.0.0.1", { "x-forwarded-for": "192.0.2.7, 127.0.0.1" }))).toThrow("own machine only");
  expect(() => requireLocalKubeconfig(user, from("127.0.0.1", { "x-forwarded-for": "127.0.0.1" }))).not.toThrow();
  expect(() => requireLocalKubeconfig({ name: "ann", groups: [] }, away)).not.toThrow();
});

test("who is local is told by the address and by what a proxy adds", () => {
  expect(isLocal(here)).toBe(true);
  expect(isLocal(away)).toBe(false);
  expect(isLocal(from("127.0.0.1", { "x-forwarded-host": "a" }))).toBe(false);
});

test.each<[boolean, Record<string, string>]>([
  [true, {}],
  [true, { "x-forwarded-for": "127.0.0.1" }],
  [true, { "x-forwarded-for": "::1, 127.3.4.5, ::ffff:127.0.0.1", "x-forwarded-host": "localhost" }],
  [true, { forwarded: 'for=127.0.0.1;proto=http, for="[::1]:4711", For="127.0.0.1:80"' }],
  [false, { "x-forwarded-for": "192.0.2.7" }],
  [false, { "x-forwarded-for": "127.0.0.1, 192.0.2.7" }],
  [false, { "x-forwarded-for": "127.0.0.1.example.com" }],
  [false, { "x-forwarded-for": "127.0.0.1", forwarded: "for=192.0.2.7" }],
  [false, { "x-forwarded-for": "127.0.0.1," }],
  [false, { "x-forwarded-for": "" }],
  [false, { "x-forwarded-host": "localhost" }],
  [false, { forwarded: "for=unknown" }],
  [false, { forwarded: "by=127.0.0.1" }],
])("a request is local (%s) by the way that its proxies tell: %o", (expected, headers) => {
  expect(isLocalThroughProxies(from("127.0.0.1", headers))).toBe(expected);
  expect(isLocalThroughProxies(from("192.0.2.7", headers))).toBe(false);
});
