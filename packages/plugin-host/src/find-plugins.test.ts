import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPlugins } from "./find-plugins.js";
import { pluginCommand } from "./plugin-command.js";
import { ScratchFolder } from "./testing/plugin-folder.js";

let scratch: ScratchFolder;
beforeEach(() => {
  scratch = new ScratchFolder();
});
afterEach(() => scratch.remove());

function write(path: string, text: string): void {
  const file = join(scratch.path, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
}
const plugin = (id: string): string => JSON.stringify({ id, type: "datasource", name: id, backend: true, executable: "gpx" });
const find = () => findPlugins([{ path: scratch.path, signature: "unsigned" }]);
const ids = (): readonly string[] => find().plugins.map(({ json }) => json.id);

test("plugins are found in folders, in their dist, and inside other plugins", () => {
  write("one/plugin.json", plugin("one"));
  write("two/plugin.json", plugin("source"));
  write("two/dist/plugin.json", plugin("two"));
  write("two/dist/nested/plugin.json", plugin("three"));
  write("one/node_modules/x/plugin.json", plugin("not-this"));
  write(".hidden/plugin.json", plugin("nor-this"));
  expect(ids()).toEqual(["one", "two", "three"]);
});

test("of two plugins with one id the first wins, and the other is a problem", () => {
  write("a/plugin.json", plugin("same"));
  write("b/plugin.json", plugin("same"));
  const { plugins, problems } = find();
  expect(plugins.map(({ directory }) => directory)).toEqual([join(scratch.path, "a")]);
  expect(problems).toEqual([expect.objectContaining({ directory: join(scratch.path, "b"), pluginId: "same" })]);
});

test("links are followed, and loops of them end", () => {
  write("real/deep/plugin.json", plugin("linked"));
  symlinkSync(scratch.path, join(scratch.path, "real", "loop"));
  symlinkSync(join(scratch.path, "absent"), join(scratch.path, "broken"));
  expect(ids()).toEqual(["linked"]);
});

test.each([
  ["{", "not JSON"],
  ["[]", "JSON object"],
  ['{"id":"../../etc"}', "id must be"],
  ['{"id":"x","type":"theme"}', "type must be one of"],
  ['{"id":"x","type":"app","routes":{}}', "routes must be a list"],
])("a plugin.json of %s is a problem, and the others go on", (text, why) => {
  write("bad/plugin.json", text);
  write("good/plugin.json", plugin("good"));
  expect(ids()).toEqual(["good"]);
  expect(find().problems[0]?.message).toContain(why);
});

test("a configured folder that is not there holds nothing", () => {
  expect(findPlugins([{ path: join(scratch.path, "absent"), signature: "unsigned" }])).toMatchObject({ plugins: [], problems: [] });
});

test("the command is the file of the platform; one whose first line names node is run by this Node", () => {
  const platform = { goos: "linux", goarch: "arm64" };
  write("p/plugin.json", plugin("p"));
  write("p/gpx_linux_arm64", "#!/usr/bin/env -S node --enable-source-maps\n");
  write("p/gpx_windows_amd64.exe", "MZ");
  const [found] = find().plugins;
  if (found === undefined) throw new Error("not found");
  expect(pluginCommand(found, platform)).toEqual({ file: process.execPath, args: [join(scratch.path, "p/gpx_linux_arm64")] });
  expect(pluginCommand(found, { goos: "windows", goarch: "amd64" })).toEqual({ file: join(scratch.path, "p/gpx_windows_amd64.exe"), args: [] });
  expect(() => pluginCommand(found, { goos: "plan9", goarch: "386" })).toThrow("gpx_plan9_386 is not there");
});

test("an executable outside the folder of plugins is refused", () => {
  write("p/plugin.json", JSON.stringify({ ...(JSON.parse(plugin("p")) as object), executable: "../../../bin/sh" }));
  const [found] = find().plugins;
  if (found === undefined) throw new Error("not found");
  expect(() => pluginCommand(found)).toThrow("outside");
});
