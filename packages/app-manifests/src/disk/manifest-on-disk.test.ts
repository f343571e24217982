import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifestOnDisk } from "./manifest-on-disk.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "manifest-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string | Buffer): void => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
};

const manifest = (name = "things", apiVersion = "apps.grafana.app/v1alpha2"): string =>
  JSON.stringify({ apiVersion, kind: "AppManifest", metadata: { name, uid: "not-ours" }, spec: { appName: name, group: `${name}.ext.example.com` } });

const named = (): string | undefined => manifestOnDisk(folder).manifest?.metadata.name;

test.each([
  ["app-manifest.json", manifest()],
  ["app-manifest.yaml", "apiVersion: apps.grafana.app/v1alpha1\nkind: AppManifest\nmetadata: {name: things}\nspec: {appName: things}\n"],
  ["app-manifest.yml", "\uFEFFapiVersion: apps.grafana.app/v1alpha2\nkind: AppManifest\nspec: {appName: things}\n"],
  ["things-manifest.json", manifest()],
  ["definitions/things-manifest.json", manifest()],
  ["definitions/things-manifest.yaml", manifest("things", "apps.grafana.app/v1alpha1")],
])("%s is the manifest of its folder", (name, text) => {
  put(name, text);
  expect(manifestOnDisk(folder)).toMatchObject({ manifest: { kind: "AppManifest", metadata: { name: "things" } }, problems: [] });
  expect(manifestOnDisk(folder).manifest?.metadata.uid).toBeUndefined();
});

test("the one that says what it is comes first, then those beside plugin.json, then definitions; broken ones are told and passed over", () => {
  put("definitions/c-manifest.json", manifest("c"));
  expect(named()).toBe("c");
  put("b-manifest.json", manifest("b"));
  expect(named()).toBe("b");
  put("app-manifest.yaml", manifest("a"));
  expect(named()).toBe("a");
  put("app-manifest.yaml", "spec: [");
  expect(named()).toBe("b");
  expect(manifestOnDisk(folder).problems).toEqual([expect.stringContaining("app-manifest.yaml: ")]);
});

test("of names that differ by case alone the first is taken, and the others are told whatever they hold", () => {
  put("APP-MANIFEST.JSON", manifest("upper"));
  put("App-Manifest.json", manifest("mixed"));
  put("app-manifest.json", "{");
  put("zz-Manifest.yaml", manifest("zz"));
  expect(named()).toBe("upper");
  put("APP-MANIFEST.JSON", "{");
  expect(named()).toBe("zz");
  const differs = (name: string): string => expect.stringContaining(`${name}: its name differs only in case from that of`) as string;
  expect(manifestOnDisk(folder).problems).toEqual([
    expect.stringContaining("APP-MANIFEST.JSON: "),
    differs("App-Manifest.json"),
    differs("app-manifest.json"),
  ]);
});

test("a folder without one, or with other files only, has none and no problem", () => {
  expect(manifestOnDisk(folder)).toEqual({ problems: [] });
  put("manifest.json", manifest());
  put("MANIFEST.txt", manifest());
  put("other-manifest.txt", manifest());
  put("definitions/dashboard.json", manifest());
  put("list-manifest.json", '{"kind": "List", "items": []}');
  put("null-manifest.json", "null");
  expect(manifestOnDisk(folder)).toEqual({ problems: [] });
  expect(manifestOnDisk(path.join(folder, "missing"))).toEqual({ problems: [] });
});

const deep = `${"[".repeat(200)}${"]".repeat(200)}`;
const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
  .split("")
  .map((it, index) => `${it}: &${it} [${Array.from({ length: 9 }, () => `*${"abcdefg"[index] ?? "a"}`).join(",")}]`)
  .join("\n")}\nkind: AppManifest\n`;

test.each<readonly [string, string | Buffer, string]>([
  ["empty", "", "empty"],
  ["blank", "  \n\n", "empty"],
  ["truncated", manifest().slice(0, -10), "app-manifest.json: "],
  ["two documents", `${manifest()}\n---\n${manifest()}`, "document"],
  ["a key twice", '{"kind":"AppManifest","kind":"AppManifest"}', "unique"],
  ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x00, 0x80]), "UTF-8"],
  ["an unknown version", manifest("things", "apps.grafana.app/v9"), "none of"],
  ["another group", manifest("things", "apps/v1"), "none of"],
  ["no version", '{"kind":"AppManifest","spec":{"appName":"a"}}', "none of"],
  ["no spec", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest"}', "no spec"],
  ["a spec that is a list", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","spec":[]}', "no spec"],
  ["no name", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","spec":{}}', "metadata.name"],
  ["100 MB", Buffer.alloc(5 * 1024 * 1024, 0x20), "bytes"],
  ["too deep", `{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","spec":{"appName":"a","versions":${deep}}}`, "deeper"],
  ["aliases that multiply", bomb, "alias"],
  ["cut within a list", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","spec":{"versions":[{', "app-manifest.json: "],
  ["an open quote", 'kind: "AppManifest', "quote"],
  ["a tab", "kind: AppManifest\nspec:\n\ta: 1", "ab"],
  ["a reserved character", "kind: @AppManifest", "reserved"],
  ["an alias of nothing", "kind: AppManifest\nspec: *other", "alias"],
  ["a key twice in the spec", `{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","spec":{"group":"a.b","group":"c.d"}}`, "unique"],
  ["YAML of the future", `%YAML 9.9\n---\nkind: AppManifest\n`, "ersion"],
  ["UTF-16", Buffer.from(`\uFEFF${manifest()}`, "utf16le"), "UTF-8"],
  ["Latin-1", Buffer.from(manifest().replace("not-ours", "Zo\u00eb"), "latin1"), "UTF-8"],
  ["brackets without end", `{"kind":"AppManifest","spec":${"[".repeat(100_000)}`, "app-manifest.json: "],
  ["a version that is a number", '{"apiVersion":1,"kind":"AppManifest","spec":{"appName":"a"}}', "none of"],
  ["a version that is a list", '{"apiVersion":["apps.grafana.app/v1alpha2"],"kind":"AppManifest","spec":{"appName":"a"}}', "none of"],
  ["a spec that is a text", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","spec":"things"}', "no spec"],
  ["a spec that is null", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","spec":null}', "no spec"],
  ["a name that is a number", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","metadata":{"name":7},"spec":{}}', "metadata.name"],
  ["a name that is empty", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","metadata":{"name":""},"spec":{}}', "metadata.name"],
  ["metadata that is a list", '{"apiVersion":"apps.grafana.app/v1alpha2","kind":"AppManifest","metadata":[],"spec":{}}', "metadata.name"],
])("%s: one line that says so, and no manifest", (_what, text, words) => {
  put("app-manifest.json", text);
  const { manifest: found, problems } = manifestOnDisk(folder);
  expect(found).toBeUndefined();
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(words);
  expect(problems[0]).not.toContain("\n");
});

test("links lead nowhere outside the folder; a folder of that name is no file", () => {
  const outside = mkdtempSync(path.join(tmpdir(), "outside-"));
  writeFileSync(path.join(outside, "app-manifest.json"), manifest());
  symlinkSync(path.join(outside, "app-manifest.json"), path.join(folder, "app-manifest.json"));
  symlinkSync(path.join(folder, "loop-manifest.json"), path.join(folder, "loop-manifest.json"));
  mkdirSync(path.join(folder, "folder-manifest.json"));
  const { manifest: found, problems } = manifestOnDisk(folder);
  expect(found).toBeUndefined();
  expect(problems.join("\n")).toContain("outside the plugin's folder");
  expect(problems).toHaveLength(3);
  rmSync(outside, { recursive: true });
});
