import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PluginHost } from "./plugin-host.js";
import { ScratchFolder } from "./testing/plugin-folder.js";
import { rememberingLogger, startHost } from "./testing/start-host.js";

let scratch: ScratchFolder;
let host: PluginHost | undefined;
beforeEach(() => {
  scratch = new ScratchFolder();
  scratch.plugin("acme-good-datasource", "process.exit(0);");
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
  scratch.remove();
});

const json = (changes: object = {}): string =>
  JSON.stringify({
    id: "acme-bad-datasource",
    type: "datasource",
    name: "Bad",
    backend: true,
    executable: "gpx",
    info: { version: "1.0.0" },
    ...changes,
  });

/** Writes below the folder `bad` of the plugins. */
function write(path: string, text: string | Buffer): void {
  const file = join(scratch.path, "plugins", "bad", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
const plugin = (text: string | Buffer) => (): void => write("plugin.json", text);

/** `says`: of the one problem there is; undefined: there is none. `loads`: ids beside that of the good plugin. */
type Case = readonly [name: string, make: () => void, expected: { readonly says?: string; readonly loads?: readonly string[] }];

const cases: readonly Case[] = [
  ["no plugin.json", () => write("README.md", "nothing"), {}],
  ["an empty folder", () => mkdirSync(join(scratch.path, "plugins", "bad")), {}],
  ["an empty plugin.json", plugin(""), { says: "empty" }],
  ["a plugin.json of blanks", plugin(" \n\t"), { says: "empty" }],
  ["one that is cut short", plugin(json().slice(0, 40)), { says: "not JSON" }],
  ["one with more after its end", plugin(`${json()}}`), { says: "not JSON" }],
  ["one with comments", plugin(`// plugin\n${json()}`), { says: "not JSON" }],
  ["one with a comma too many", plugin(json().replace(/}$/, ",}")), { says: "not JSON" }],
  ["one with a byte order mark", plugin(`\uFEFF${json()}`), { loads: ["acme-bad-datasource"] }],
  ["one in UTF-16", plugin(Buffer.from(`\uFEFF${json()}`, "utf16le")), { says: "not JSON" }],
  ["one of NUL bytes", plugin(Buffer.alloc(4096)), { says: "not JSON" }],
  ["one of 100 MB", plugin(Buffer.alloc(100 << 20, " ")), { says: "too large" }],
  ["one that nests 100,000 deep", plugin(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), { says: "JSON" }],
  ["a list", plugin("[]"), { says: "must be a JSON object" }],
  ["a text", plugin('"plugin"'), { says: "must be a JSON object" }],
  ["null", plugin("null"), { says: "must be a JSON object" }],
  ["an empty object", plugin("{}"), { says: "id must be" }],
  ["an id that is a number", plugin(json({ id: 7 })), { says: "id must be" }],
  ["an id that is a path", plugin(json({ id: "../../etc/passwd" })), { says: "id must be" }],
  ["an id with a slash", plugin(json({ id: "a/b" })), { says: "id must be" }],
  ["an id with a line end", plugin(json({ id: "a\nb" })), { says: "id must be" }],
  ["an id of 200 letters", plugin(json({ id: "a".repeat(200) })), { says: "id must be" }],
  ["an id that is __proto__", plugin(json({ id: "__proto__" })), { says: "id must be" }],
  ["no type", plugin(json({ type: undefined })), { says: "type must be one of" }],
  ["an unknown type", plugin(json({ type: "theme" })), { says: "type must be one of" }],
  ["routes that are no list", plugin(json({ routes: {} })), { says: "routes must be a list" }],
  ["a route that is no object", plugin(json({ routes: ["x"] })), { says: "routes[0] must be an object" }],
  ["no version", plugin(json({ info: undefined })), { loads: ["acme-bad-datasource"] }],
  ["a version that is none", plugin(json({ info: { version: "%VERSION%" } })), { loads: ["acme-bad-datasource"] }],
  ["unknown keys", plugin(json({ languages: ["xx"], extensions: {}, __proto__x: 1 })), { loads: ["acme-bad-datasource"] }],
  ["a panel, which has nothing to run", plugin(json({ type: "panel", backend: false })), {}],
  ["no backend", plugin(json({ backend: false })), {}],
  ["a backend that is a text", plugin(json({ backend: "true" })), {}],
  ["a folder called plugin.json", () => write("plugin.json/x", ""), { says: "not a file" }],
  [
    "a plugin.json that leads out of its folder",
    () => {
      writeFileSync(join(scratch.path, "elsewhere.json"), json());
      mkdirSync(join(scratch.path, "plugins", "bad"));
      symlinkSync(join(scratch.path, "elsewhere.json"), join(scratch.path, "plugins", "bad", "plugin.json"));
    },
    { says: "a link to a file outside the plugin's folder" },
  ],
  [
    "a plugin.json that leads to itself",
    () => {
      mkdirSync(join(scratch.path, "plugins", "bad"));
      symlinkSync("plugin.json", join(scratch.path, "plugins", "bad", "plugin.json"));
    },
    { says: "ELOOP" },
  ],
  [
    "a plugin.json that leads nowhere",
    () => {
      mkdirSync(join(scratch.path, "plugins", "bad"));
      symlinkSync("absent.json", join(scratch.path, "plugins", "bad", "plugin.json"));
    },
    { says: "ENOENT" },
  ],
  ["the id of another", plugin(json({ id: "acme-good-datasource" })), { says: "the same id as the plugin in" }],
  ["an id that differs in case only", plugin(json({ id: "Acme-Good-Datasource" })), { says: "differs only in case" }],
  [
    "one with a dist folder, which counts",
    () => {
      plugin("{")();
      write("dist/plugin.json", json());
    },
    { loads: ["acme-bad-datasource"] },
  ],
  [
    "a dist folder whose plugin.json is broken, beside a sound one, which does not count",
    () => {
      plugin(json())();
      write("dist/plugin.json", "{");
    },
    { says: "not JSON" },
  ],
  [
    "a plugin inside a broken one",
    () => {
      plugin("{")();
      write("nested/plugin.json", json({ id: "acme-nested-datasource" }));
    },
    { says: "not JSON", loads: ["acme-nested-datasource"] },
  ],
  [
    "a plugin inside itself",
    () => {
      plugin(json())();
      write("nested/plugin.json", json());
    },
    { says: "the same id as the plugin in", loads: ["acme-bad-datasource"] },
  ],
  [
    "a folder that leads back to its parent",
    () => {
      plugin(json())();
      symlinkSync("..", join(scratch.path, "plugins", "bad", "loop"));
    },
    { loads: ["acme-bad-datasource"] },
  ],
];

test.each(cases)("beside a plugin folder with %s the start goes on, with one clear line", (_name, make, { says, loads = [] }) => {
  make();
  const { logger, lines } = rememberingLogger();
  host = startHost(scratch.path, undefined, { logger });
  expect(host.list().map(({ id }) => id)).toEqual(expect.arrayContaining(["acme-good-datasource", ...loads]));
  expect(host.list()).toHaveLength(1 + loads.length);
  expect(host.problems()).toEqual(says === undefined ? [] : [expect.objectContaining({ message: expect.stringContaining(says) as unknown })]);
  expect(lines.filter(({ message }) => message === "plugin not loaded")).toHaveLength(says === undefined ? 0 : 1);
  for (const { message } of host.problems()) expect(message).not.toContain("\n");
});

test("of two folders that hold the same plugin the one that is named first counts", () => {
  const second = new ScratchFolder();
  second.plugin("acme-good-datasource", "process.exit(1);");
  const directories = [second.path, scratch.path].map((path) => ({ path: join(path, "plugins"), signature: "internal" as const }));
  host = startHost(scratch.path, undefined, { directories });
  expect(host.get("acme-good-datasource")?.directory).toContain(second.path);
  expect(host.problems()).toHaveLength(1);
  second.remove();
});

test("an executable that is a link out of the plugin's folder is not run, one that is a link within it is", async () => {
  const directory = scratch.plugin("acme-link-datasource", "process.exit(5);", { executable: "link" });
  const suffix = `_${process.platform === "win32" ? "windows" : process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
  symlinkSync(process.execPath, join(directory, `link${suffix}`));
  const inside = scratch.plugin("acme-inside-datasource", "process.exit(5);", { executable: "link" });
  symlinkSync(`gpx${suffix}`, join(inside, `link${suffix}`));
  host = startHost(scratch.path);
  const messages = new Map(host.list().map((it) => [it.id, new Set<string>()]));
  const settled = new Promise<void>((resolve) => {
    host?.onChange((id) => {
      messages.get(id)?.add(host?.get(id)?.state.message ?? "");
      if ([...messages].every(([name, said]) => name.includes("good") || said.size > 0)) resolve();
    });
  });
  await settled;
  expect([...(messages.get("acme-link-datasource") ?? [])].join()).toContain("the executable is a link to a file outside the plugin's folder");
  expect([...(messages.get("acme-inside-datasource") ?? [])].join()).toContain("exited with code 5");
});
