import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pluginStamp } from "./file-stamp.js";
import { findPlugins } from "./find-plugins.js";
import { ScratchFolder } from "./testing/plugin-folder.js";

let scratch: ScratchFolder;
beforeEach(() => {
  scratch = new ScratchFolder();
});
afterEach(() => scratch.remove());

const found = () => {
  const [plugin] = findPlugins([{ path: scratch.path, signature: "unsigned" }]).plugins;
  if (plugin === undefined) throw new Error("it was not found");
  return plugin;
};

test("a plugin that was found before its plugin.json was written anew never passes for the one found after", () => {
  const directory = scratch.plugin("one", "");
  const first = found();
  expect(pluginStamp(first)).toBe(pluginStamp(found()));
  writeFileSync(join(directory, "plugin.json"), `${readFileSync(join(directory, "plugin.json"), "utf8")} `);
  // Its start may come as late as this.
  expect(pluginStamp(first)).not.toBe(pluginStamp(found()));
});
