import { appendFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateKey } from "openpgp";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { checkSignature, type SignatureRules } from "./check-signature.js";
import { findPlugins } from "./find-plugins.js";
import type { PluginHost } from "./plugin-host.js";
import { mayLoadAt } from "./plugin-manifest.js";
import { type SignOptions, signPlugin } from "./sign-plugin.js";
import { barePlugin } from "./testing/bare-plugin.js";
import { ScratchFolder } from "./testing/plugin-folder.js";
import { pluginOf, rememberingLogger, startHost, stateOf } from "./testing/start-host.js";
import { until } from "./testing/until.js";
import { readTrustedKeys } from "./trusted-keys.js";

const newKey = (passphrase?: string) =>
  generateKey({ userIDs: [{ name: "Acme" }], format: "armored", ...(passphrase === undefined ? {} : { passphrase }) });
let ours: Awaited<ReturnType<typeof newKey>>;
let foreign: typeof ours;
let scratch: ScratchFolder;
let directory: string;
let host: PluginHost | undefined;

beforeAll(async () => {
  ours = await newKey();
  foreign = await newKey();
});
beforeEach(() => {
  scratch = new ScratchFolder();
  directory = scratch.plugin("acme-signed-datasource", barePlugin());
  mkdirSync(join(directory, "img"));
  writeFileSync(join(directory, "img", "logo.svg"), "<svg/>");
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
  scratch.remove();
});

const sign = (options: Partial<SignOptions> = {}, privateKey = ours.privateKey, passphrase?: string) =>
  signPlugin(directory, { privateKey, ...(passphrase === undefined ? {} : { passphrase }) }, { now: new Date(), ...options });

const check = (rules: Partial<SignatureRules> = {}, id = "acme-signed-datasource") => {
  const plugin = findPlugins([{ path: join(scratch.path, "plugins"), signature: "unsigned" }]).plugins.find(({ json }) => json.id === id);
  if (plugin === undefined) throw new Error("not found");
  return checkSignature(plugin, { trustedKeys: [ours.publicKey], rootUrl: "https://grafana.example.com/", now: () => new Date(), ...rules });
};

test("what was signed and left alone is valid, and says by whom it was signed", async () => {
  await sign({ signatureType: "community", signedByOrg: "acme", signedByOrgName: "Acme Inc." });
  const verdict = await check();
  expect(verdict).toMatchObject({
    signature: "valid",
    message: "",
    manifest: { signedByOrg: "acme", signedByOrgName: "Acme Inc.", version: "1.0.0" },
  });
  expect([...(verdict.manifest?.files.keys() ?? [])]).toEqual([expect.stringMatching(/^gpx_/), "img/logo.svg", "plugin.json"]);
  expect(readFileSync(join(directory, "MANIFEST.txt"), "utf8")).toMatch(/^-----BEGIN PGP SIGNED MESSAGE-----\r?\nHash: SHA512/);
});

test("without a manifest a plugin is unsigned", async () => {
  expect(await check()).toEqual({ signature: "unsigned", message: "" });
});

test("a signature of a key that nobody here trusts is as good as none", async () => {
  await sign({}, foreign.privateKey);
  expect(await check()).toMatchObject({
    signature: "unsigned",
    message: expect.stringMatching(/^signed by key [0-9a-f]{16}, which is none of/) as unknown,
  });
  expect(await check({ trustedKeys: [ours.publicKey, foreign.publicKey] })).toMatchObject({ signature: "valid" });
});

test.each<[string, () => void, string]>([
  ["a file that was changed", () => appendFileSync(join(directory, "img/logo.svg"), " "), "img/logo.svg is not the file that was signed"],
  ["an executable that was changed", () => appendFileSync(join(directory, executableName()), " "), "is not the file that was signed"],
  ["a file that nobody signed", () => writeFileSync(join(directory, "img/more.js"), ""), "img/more.js is not in the manifest"],
  ["a hidden file that nobody signed", () => writeFileSync(join(directory, ".hidden"), ""), ".hidden is not in the manifest"],
  ["a file that is gone", () => rmSync(join(directory, "img/logo.svg")), "img/logo.svg of the manifest is missing"],
  ["a link that leads out", () => symlinkSync("/etc/hostname", join(directory, "img/link")), "leads out of the plugin's folder"],
  ["a link to a folder outside", () => symlinkSync("/etc", join(directory, "img/etc")), "leads out of the plugin's folder"],
  [
    "a signed file that became a link",
    () => {
      renameSync(join(directory, "img/logo.svg"), join(scratch.path, "logo.svg"));
      symlinkSync(join(scratch.path, "logo.svg"), join(directory, "img/logo.svg"));
    },
    "leads out of the plugin's folder",
  ],
  ["files of a debugger", () => writeFileSync(join(directory, "standalone.txt"), ":1"), "standalone.txt is not in the manifest"],
])("%s makes it modified", async (_name, change, why) => {
  await sign();
  change();
  expect(await check()).toMatchObject({ signature: "modified", message: expect.stringContaining(why) as unknown });
});

test("a file that was changed counts before the question who signed it", async () => {
  await sign({}, foreign.privateKey);
  appendFileSync(join(directory, "img/logo.svg"), " ");
  expect(await check()).toMatchObject({ signature: "modified" });
});

test("the manifest of another plugin, or another version, makes it modified", async () => {
  await sign();
  const json = readFileSync(join(directory, "plugin.json"), "utf8");
  scratch.plugin("acme-other-datasource", barePlugin());
  cpSync(join(directory, "MANIFEST.txt"), join(scratch.path, "plugins/acme-other-datasource/MANIFEST.txt"));
  expect(await check({}, "acme-other-datasource")).toMatchObject({
    signature: "modified",
    message: expect.stringContaining("the manifest is that of plugin") as unknown,
  });
  writeFileSync(join(directory, "plugin.json"), json.replace("1.0.0", "1.0.1"));
  expect(await check()).toMatchObject({ signature: "modified", message: expect.stringContaining("version") as unknown });
});

test.each<[string, (text: string) => string, string]>([
  ["empty", () => "", "no PGP clear-signed text"],
  ["cut short", (text) => text.slice(0, text.length / 2), "no PGP clear-signed text"],
  ["no signature at all", () => '{"manifestVersion":"2.0.0"}', "no PGP clear-signed text"],
  ["changed after it was signed", (text) => text.replace('"signedByOrg": ""', '"signedByOrg": "grafana"'), "is false"],
  ["of NUL bytes", () => "\0".repeat(1000), "no PGP clear-signed text"],
  ["of 9 MB", (text) => text + " ".repeat(9 << 20), "too large"],
])("a manifest that is %s makes it invalid", async (_name, change, why) => {
  await sign();
  const file = join(directory, "MANIFEST.txt");
  writeFileSync(file, change(readFileSync(file, "utf8")));
  expect(await check()).toMatchObject({ signature: "invalid", message: expect.stringContaining(why) as unknown });
});

test("a manifest with a byte order mark and Windows line ends is valid all the same", async () => {
  await sign();
  const file = join(directory, "MANIFEST.txt");
  writeFileSync(file, `\uFEFF${readFileSync(file, "utf8").replace(/\r?\n/g, "\r\n")}`);
  expect(await check()).toMatchObject({ signature: "valid" });
});

test("a private plugin is valid on the server that it was signed for, and invalid elsewhere", async () => {
  await sign({ rootUrls: ["https://grafana.example.com"] });
  expect(await check()).toMatchObject({ signature: "valid", manifest: { signatureType: "private" } });
  expect(await check({ rootUrl: "http://localhost:3000/" })).toMatchObject({ signature: "invalid" });
});

test.each([
  ["private-glob", "https://*.example.com/", "https://a.example.com", true],
  ["private-glob", "https://*.example.com/", "https://a.b.example.com/", true],
  ["private-glob", "https://*.example.com/*", "https://a.example.com/grafana", true],
  ["private-glob", "https://*.example.com", "https://a.example.org/.example.com", false],
  ["private-glob", "https://*.example.com", "https://.example.com.evil.org", false],
  ["private-glob", "https://a*a", "https://a", false],
  ["private", "https://*.example.com/", "https://a.example.com", false],
  ["private", "https://A.example.com/x/", "https://a.example.com/x", true],
  ["community", "", "https://anything", true],
] as const)("%s for %s at %s: %s", (signatureType, pattern, rootUrl, may) => {
  expect(mayLoadAt({ signatureType, rootUrls: [pattern] }, rootUrl)).toBe(may);
});

test("what an app brings along is covered by the app's manifest", async () => {
  const nested = join(directory, "datasource");
  mkdirSync(nested);
  writeFileSync(
    join(nested, "plugin.json"),
    JSON.stringify({ id: "acme-nested-datasource", type: "datasource", name: "n", backend: true, executable: "../gpx" }),
  );
  await sign();
  expect(await check({}, "acme-nested-datasource")).toMatchObject({ signature: "valid" });
  appendFileSync(join(directory, executableName()), " ");
  expect(await check({}, "acme-nested-datasource")).toMatchObject({ signature: "modified" });
});

test("an executable outside the signed folder is not what was signed", async () => {
  writeFileSync(join(directory, "plugin.json"), readFileSync(join(directory, "plugin.json"), "utf8").replace('"gpx"', '"../gpx"'));
  writeFileSync(join(directory, "..", executableName()), "#!/bin/sh\n", { mode: 0o755 });
  await sign();
  expect(await check()).toMatchObject({ signature: "modified", message: expect.stringContaining("executable") as unknown });
});

test("a locked key signs with its passphrase, and an error never shows the key", async () => {
  const locked = await newKey("open sesame");
  await expect(sign({}, locked.privateKey)).rejects.toThrow("a passphrase is needed");
  await expect(sign({}, locked.privateKey, "wrong")).rejects.toThrow("the passphrase does not open the signing key");
  await expect(sign({}, "no key")).rejects.toThrow("no armoured PGP private key");
  await sign({}, locked.privateKey, "open sesame");
  expect(await check({ trustedKeys: [locked.publicKey] })).toMatchObject({ signature: "valid" });
});

test("trusted keys are read from files and folders; a private one, or none, is refused", () => {
  const keys = join(scratch.path, "keys");
  mkdirSync(keys);
  writeFileSync(join(keys, "a.asc"), ours.publicKey);
  writeFileSync(join(keys, "README"), "not a key");
  expect(readTrustedKeys([keys, join(keys, "a.asc")])).toHaveLength(2);
  writeFileSync(join(keys, "b.asc"), ours.privateKey);
  expect(() => readTrustedKeys([keys])).toThrow("b.asc holds a private key");
  expect(() => readTrustedKeys([join(keys, "README")])).toThrow("holds no armoured PGP public key");
  expect(() => readTrustedKeys([join(keys, "absent")])).toThrow("absent");
});

const start = (changes: Parameters<typeof startHost>[2] = {}): PluginHost => {
  host = startHost(scratch.path, undefined, {
    directories: [{ path: join(scratch.path, "plugins"), signature: "unsigned" }],
    trustedKeys: [ours.publicKey],
    watchPeriodMs: 40,
    ...changes,
  });
  return host;
};

test("a host runs what is valid and refuses what is modified, also when all unsigned plugins are allowed", async () => {
  await sign();
  const of = start();
  await of.found;
  expect(pluginOf(of, "acme-signed-datasource").signature).toBe("valid");
  await of.stop();
  writeFileSync(join(directory, "more.js"), "");
  const { logger, lines } = rememberingLogger();
  const again = start({ allowUnsigned: true, logger });
  await again.found;
  expect(again.list()).toEqual([]);
  const message = "the plugin's signature is modified: more.js is not in the manifest";
  expect(again.problems()).toEqual([{ directory, pluginId: "acme-signed-datasource", reason: "SignatureInvalid", message }]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(lines.filter((line) => line.message === "plugin not loaded")).toHaveLength(1);
});

test("a signed plugin whose files come one after another loads when all are there", async () => {
  await sign();
  renameSync(join(directory, "img/logo.svg"), join(scratch.path, "logo.svg"));
  const of = start();
  await of.found;
  expect(of.problems()).toEqual([expect.objectContaining({ reason: "SignatureInvalid" })]);
  renameSync(join(scratch.path, "logo.svg"), join(directory, "img/logo.svg"));
  const plugin = await until("it is loaded", () => of.get("acme-signed-datasource"));
  expect(plugin.signature).toBe("valid");
  expect(of.problems()).toEqual([]);
});

test("a signed plugin whose files were changed goes on as it is, but is not started again", async () => {
  await sign();
  const of = start();
  const id = "acme-signed-datasource";
  await of.found;
  const { pid = -1 } = await stateOf(of, id, ({ phase }) => phase === "running");
  appendFileSync(join(directory, executableName()), "\n// changed");
  const state = await stateOf(of, id, ({ reload }) => reload?.outcome === "ReloadFailed");
  expect(state).toMatchObject({ phase: "running", pid, reload: { message: expect.stringContaining("is not the file that was signed") as unknown } });
  process.kill(pid, "SIGKILL");
  const down = await stateOf(of, id, ({ phase }) => phase === "backoff");
  expect(down.message).toContain("the plugin's signature is modified");
  await sign();
  await until("it runs again", () => (pluginOf(of, id).state.phase === "running" ? true : undefined));
});

function executableName(): string {
  const found = findPlugins([{ path: directory, signature: "unsigned" }]).plugins[0];
  if (found === undefined) throw new Error("not found");
  return `gpx_${process.platform === "win32" ? "windows" : process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
}
