import { existsSync } from "node:fs";
import { appendFile, chmod, cp, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signPlugin } from "@dataplane/plugin-host";
import { generateKey } from "openpgp";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { runCli } from "../testing/run-cli.js";
import { temporaryFolder } from "../testing/temporary-folder.js";
import { writePlugin } from "../testing/write-plugin.js";
import { writeZip, type ZipEntry } from "../zip/write-zip.js";

const id = "acme-installed-datasource";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let plugins: string;
let source: string;
let key: { readonly privateKey: string; readonly publicKey: string };

beforeAll(async () => {
  key = await generateKey({ userIDs: [{ name: "Acme" }], format: "armored" });
});
beforeEach(async () => {
  folder = await temporaryFolder();
  plugins = join(folder.path, "plugins");
  source = await writePlugin(join(folder.path, "source"), id, "process.exit(1);");
});
afterEach(() => folder[Symbol.asyncDispose]());

const run = (...argv: readonly string[]) => runCli(folder.path, [...argv, "--plugins-dir", plugins]);
const entry = (path: string, content: string | Uint8Array = "", isExecutable = false): ZipEntry => ({
  path,
  content: typeof content === "string" ? Buffer.from(content) : content,
  isExecutable,
});
const json = JSON.stringify({ id, type: "datasource", name: "Acme", backend: true, executable: "gpx", info: { version: "2.0.0" } });

async function zip(name: string, entries: readonly ZipEntry[], change: (archive: Buffer) => Buffer = (it) => it): Promise<string> {
  const file = join(folder.path, name);
  await writeFile(file, change(writeZip(entries)));
  return file;
}

/** Nothing was installed, and nothing is left of the try. */
const untouched = async (): Promise<boolean> => (existsSync(plugins) ? (await readdir(plugins)).length === 0 : true);

test("a folder is installed under its id, listed, replaced and removed", async () => {
  const installed = await run("plugins", "install", source);
  expect(installed).toMatchObject({ code: 0, stdout: [`${id} 1.2.3 is installed in ${join(plugins, id)}`] });
  expect(installed.stderr.join()).toContain("is unsigned");
  expect((await run("plugins", "ls")).stdout).toEqual([
    "ID                         TYPE        VERSION  SIGNATURE  FOLDER",
    `${id}  datasource  1.2.3    unsigned   ${id}`,
  ]);
  await writeFile(join(source, "plugin.json"), (await readFile(join(source, "plugin.json"), "utf8")).replace("1.2.3", "1.2.4"));
  await writeFile(join(plugins, id, "left-over"), "");
  expect((await run("plugins", "install", source)).stdout).toEqual([`${id} 1.2.4 is replaced in ${join(plugins, id)}`]);
  expect(existsSync(join(plugins, id, "left-over"))).toBe(false);
  expect(await readdir(plugins)).toEqual([id]);
  expect(await run("plugins", "remove", id)).toMatchObject({ code: 0, stdout: [`${id} is removed from ${plugins}`] });
  expect(await readdir(plugins)).toEqual([]);
  expect((await run("plugins", "remove", id)).stderr.join()).toContain("there is no plugin");
});

test("what package and sign wrote is installed from the zip, valid for those who trust the key", async () => {
  await signPlugin(source, { privateKey: key.privateKey }, { now: new Date() });
  await writeFile(join(folder.path, "acme.asc"), key.publicKey);
  expect((await runCli(folder.path, ["plugins", "package", source])).code).toBe(0);
  const archive = `${id}-1.2.3.zip`;
  expect(await run("plugins", "install", archive, "--trusted-key", "acme.asc")).toMatchObject({ code: 0, stderr: [] });
  const { mode } = await stat(join(plugins, id, "gpx_linux_amd64"));
  expect(mode & 0o111).not.toBe(0);
  const listed = await run("plugins", "ls", "-o", "json", "--trusted-key", "acme.asc");
  expect(JSON.parse(listed.stdout.join("\n"))).toMatchObject({ plugins: [{ id, signature: "valid", version: "1.2.3" }], problems: [] });
});

test("a project is installed from its dist, and a zip without a top folder as well", async () => {
  await mkdir(join(folder.path, "project"));
  await cp(source, join(folder.path, "project", "dist"), { recursive: true });
  expect((await run("plugins", "install", "project")).code).toBe(0);
  expect(existsSync(join(plugins, id, "plugin.json"))).toBe(true);
  const flat = await zip("flat.zip", [entry("plugin.json", json), entry("gpx_linux_amd64", "#!/bin/sh\n")]);
  expect((await run("plugins", "install", flat)).stdout).toEqual([`${id} 2.0.0 is replaced in ${join(plugins, id)}`]);
  // An archive from a system that knows no executable files.
  expect((await stat(join(plugins, id, "gpx_linux_amd64"))).mode & 0o111).not.toBe(0);
});

test("a plugin whose files are not those that were signed is not installed", async () => {
  await signPlugin(source, { privateKey: key.privateKey }, { now: new Date() });
  await appendFile(join(source, "gpx_linux_amd64"), "#");
  const refused = await run("plugins", "install", source);
  expect(refused).toMatchObject({
    code: 1,
    stderr: [expect.stringContaining("signature is modified: gpx_linux_amd64 is not the file that was signed")],
  });
  expect(await untouched()).toBe(true);
});

const patchNames = (from: string, to: string) => (archive: Buffer) => Buffer.from(archive.toString("latin1").replaceAll(from, to), "latin1");

/** Sets the Unix mode of the first entry in the central directory. */
const withMode = (mode: number) => (archive: Buffer) => {
  const at = archive.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  archive[at + 5] = 3;
  archive.writeUInt16LE(mode, at + 40);
  return archive;
};

test.each<[string, readonly ZipEntry[], (archive: Buffer) => Buffer, string]>([
  ["a path that climbs out", [entry("aa/aa/evil", "x"), entry("plugin.json", json)], patchNames("aa/aa/evil", "../../evil"), "invalid relative path"],
  ["an absolute path", [entry("aetc/passwd", "x")], patchNames("aetc/passwd", "/etc/passwd"), "absolute path"],
  ["a backslash", [entry("a+b", "x")], patchNames("a+b", "a\\b"), "invalid characters in fileName"],
  ["a drive", [entry("c+/x", "x")], patchNames("c+/x", "c:/x"), "absolute path"],
  ["a dot segment", [entry("aa/+/b", "x")], patchNames("aa/+/b", "aa/./b"), "no path below a folder"],
  ["a link", [entry("link", "/etc/passwd"), entry("plugin.json", json)], withMode(0o120777), "is a link or a special file"],
  ["a device", [entry("null", "")], withMode(0o020666), "is a link or a special file"],
  ["one name twice", [entry("plugin.json", json), entry("plugin.json", json)], (it) => it, "is there twice"],
  ["names that differ in case only", [entry("plugin.json", json), entry("PLUGIN.json", json)], (it) => it, "is there twice"],
  ["no plugin.json", [entry("README.md", "nothing")], (it) => it, "there is no plugin.json"],
  ["a broken plugin.json", [entry("plugin.json", "{")], (it) => it, "not JSON"],
  ["an id that is a path", [entry("plugin.json", json.replace(id, "../../etc"))], (it) => it, "id must be"],
  [
    "two plugins side by side",
    [entry("a/plugin.json", json), entry("b/plugin.json", json.replace(id, "acme-b-app"))],
    (it) => it,
    "there is no plugin.json",
  ],
  ["its end cut off", [entry("plugin.json", json.repeat(50))], (it) => it.subarray(0, it.length - 30), "End of central directory"],
  ["nothing in it", [], () => Buffer.alloc(0), "End of central directory"],
  ["other bytes", [], () => Buffer.alloc(5000, 7), "End of central directory"],
])("a zip with %s is refused, and nothing of it is left", async (_name, entries, change, why) => {
  const refused = await run("plugins", "install", await zip("bad.zip", entries, change));
  expect(refused.code).toBe(1);
  expect(refused.stderr.join()).toContain(why);
  expect(await untouched()).toBe(true);
  expect(existsSync(join(folder.path, "evil"))).toBe(false);
});

test("a zip that unpacks to more than it may is refused, also when it lies about its size", async () => {
  const { extractZip } = await import("../zip/extract-zip.js");
  const bomb = await zip("bomb.zip", [entry("plugin.json", json), entry("zeros", Buffer.alloc(5 << 20))]);
  expect((await stat(bomb)).size).toBeLessThan(20_000);
  const limits = { bytes: 1 << 20, entries: 10 };
  await mkdir(join(folder.path, "out1"));
  await expect(extractZip(bomb, join(folder.path, "out1"), limits)).rejects.toThrow("more than 1048576 bytes unpacked");
  // Both headers claim 100 bytes.
  const lie = (archive: Buffer): Buffer => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(5 << 20);
    const small = Buffer.alloc(4);
    small.writeUInt32LE(100);
    return Buffer.from(archive.toString("latin1").replaceAll(size.toString("latin1"), small.toString("latin1")), "latin1");
  };
  const liar = await zip("liar.zip", [entry("plugin.json", json), entry("zeros", Buffer.alloc(5 << 20))], lie);
  await mkdir(join(folder.path, "out2"));
  await expect(extractZip(liar, join(folder.path, "out2"), limits)).rejects.toThrow(/too many bytes|more than/);
  await mkdir(join(folder.path, "out3"));
  const many = await zip(
    "many.zip",
    Array.from({ length: 11 }, (_, index) => entry(`f${index}`)),
  );
  await expect(extractZip(many, join(folder.path, "out3"), limits)).rejects.toThrow("more than 10 entries");
});

test("a folder with a link that leads out is not installed", async () => {
  await symlink("/etc/hostname", join(source, "link"));
  expect((await run("plugins", "install", source)).stderr.join()).toContain("leads out of the plugin's folder");
  expect(await untouched()).toBe(true);
});

test("an id that is installed under another folder, or in another case, is not installed twice", async () => {
  await run("plugins", "install", source);
  await rename(join(plugins, id), join(plugins, "by-hand"));
  expect((await run("plugins", "install", source)).stderr.join()).toContain("remove it first");
  expect((await run("plugins", "remove", id)).code).toBe(0);
  await mkdir(join(plugins, id.toUpperCase()));
  expect((await run("plugins", "install", source)).stderr.join()).toContain("differs in case only");
});

test("the folder is that of the server's configuration when none is named", async () => {
  const installed = await runCli(folder.path, ["plugins", "install", source], { GF_PATHS_PLUGINS: plugins });
  expect(installed.code).toBe(0);
  expect(existsSync(join(plugins, id, "plugin.json"))).toBe(true);
});

test("validate names what would keep a plugin from loading, and what only looks odd", async () => {
  const sound = await runCli(folder.path, ["plugins", "validate", source]);
  expect(sound.code).toBe(0);
  expect(sound.stdout.join("\n")).toMatch(/^ok {5} plugin\.json: datasource acme-installed-datasource 1\.2\.3$/m);
  expect(sound.stdout.join("\n")).toMatch(/^warning signature: unsigned$/m);
  expect(sound.stdout.join("\n")).toMatch(/^warning dependencies\.grafanaDependency is missing$/m);
  await writeFile(join(source, "plugin.json"), json.replace('"gpx"', '"other"').replace("2.0.0", "two").replace(id, "odd"));
  const odd = await runCli(folder.path, ["plugins", "validate", source]);
  expect(odd.code).toBe(1);
  expect(odd.stdout.join("\n")).toMatch(/^error {2} no executable for/m);
  expect(odd.stdout.join("\n")).toMatch(/^warning id: odd is not/m);
  expect(odd.stdout.join("\n")).toMatch(/^warning info\.version "two"/m);
  await writeFile(join(source, "plugin.json"), "{");
  expect(await runCli(folder.path, ["plugins", "validate", source])).toMatchObject({
    code: 1,
    stdout: [expect.stringMatching(/^error {2} plugin\.json: not JSON/)],
  });
});

test("validate sees a changed file, a foreign link and a file that may not run", async () => {
  await signPlugin(source, { privateKey: key.privateKey }, { now: new Date() });
  await chmod(join(source, "gpx_linux_amd64"), 0o644);
  await writeFile(join(folder.path, "acme.asc"), key.publicKey);
  const validate = () => runCli(folder.path, ["plugins", "validate", source, "--trusted-key", "acme.asc"]);
  expect((await validate()).stdout.join("\n")).toMatch(/^ok {5} signature: valid$/m);
  await symlink("/etc", join(source, "etc"));
  const changed = await validate();
  expect(changed.code).toBe(1);
  expect(changed.stdout.join("\n")).toMatch(/^error {2} signature: modified/m);
  expect(changed.stdout.join("\n")).toMatch(/^error {2} etc is a link that leads out/m);
});

test.each(["plugins install", "plugins install a b", "plugins install absent.zip", "plugins remove", "plugins ls -o yaml", "plugins validate"])(
  "%s is a usage error",
  async (line) => {
    expect((await run(...line.split(" "))).code).toBe(2);
  },
);
