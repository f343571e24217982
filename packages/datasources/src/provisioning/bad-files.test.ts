import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { startProvisioning } from "../testing/start-provisioning.js";

const good = (uid: string): string => `{ name: ${uid}, uid: ${uid}, type: prometheus, url: http://new }`;
const list = (...entries: readonly string[]): string => `apiVersion: 1\ndatasources: [${[good("half"), ...entries].join(", ")}]\n`;
const whole = `apiVersion: 1\ndatasources:\n  - name: half\n    uid: half\n    type: prometheus\n    jsonData: { a: "text" }\n`;
const bytes = (text: string, encoding: BufferEncoding): Buffer => Buffer.from(text, encoding);
const bomb = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(",")}]`);

/** What is in a file, and what its one line says. Each that can be read as far holds a good data source too, "half". */
const texts: readonly (readonly [name: string, content: string | Buffer, why: RegExp])[] = [
  ["empty", "", /^it is empty$/],
  ["blanks", " \n\t\n ", /^it is empty$/],
  ["only a byte order mark", "\uFEFF", /^it is empty$/],
  ["cut within a key", "apiVersion: 1\ndatas", /line 2/],
  ["cut within a list", "apiVersion: 1\ndatasources: [{", /line 2/],
  ["cut within a text", whole.slice(0, whole.indexOf("text") + 2), /line 6/],
  ["cut behind a name", whole.slice(0, whole.indexOf("    type")), /datasources\[0\].type: expected a text/],
  ["cut within the indentation", `${whole}  - na`, /line 7|expected a mapping/],
  ["cut within an anchor", `${list()}x: &`, /line 3/],
  ["cut within UTF-8", bytes(`${list()}# Zo\u00eb`, "utf8").subarray(0, -1), /UTF-8/],
  ["UTF-16 with a byte order mark", bytes(`\uFEFF${list()}`, "utf16le"), /UTF-8/],
  ["UTF-16 without one", bytes(list(), "utf16le"), /UTF-8/],
  ["Latin-1", bytes(`${list()}# Zo\u00eb`, "latin1"), /UTF-8/],
  ["a NUL", `${list()}# \0`, /UTF-8/],
  ["all bytes", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), /UTF-8/],
  ["keys in another case", list().replace("datasources", "DataSources").replace("apiVersion", "APIVersion"), /mapping with/],
  ["a circle of aliases", `${list()}a: &a { b: *a }`, /circular/i],
  ["a circle of merges", `${list()}a: &a { <<: *a }`, /./],
  ["a bomb of aliases", `${list()}l0: &l0 [x]\n${bomb.join("\n")}`, /alias/],
  ["an alias of nothing", `${list()}a: *s3cret`, /alias/],
  ["a merge of a text", `${list()}a: { <<: s3cret }`, /Merge/],
  ["brackets without end", `${list()}a: ${"[".repeat(100_000)}`, /line 3|nested/],
  ["ten thousand levels", `${list()}a: ${"[".repeat(10_000)}${"]".repeat(10_000)}`, /line 3|nested/],
  ["a thousand levels of braces", `${list()}a: ${"{a: ".repeat(2000)}1${"}".repeat(2000)}`, /line 3|nested/],
  ["an unknown tag", `${list()}a: !s3cret x`, /tag/i],
  ["a code tag", `${list()}a: !!js/function "function(){}"`, /tag/i],
  ["a tab", `${list()}a:\n\tb: 1`, /[Tt]abs/],
  ["an open quote", `${list()}a: "s3cret`, /quote/],
  ["a reserved character", `${list()}a: @s3cret`, /reserved/],
  ["two documents", `${list()}---\na: 1`, /documents/],
  ["YAML of the future", `%YAML 9.9\n---\n${list()}`, /version/],
  ["JSON that is cut", JSON.stringify({ apiVersion: 1, datasources: [{}] }).slice(0, -2), /line 1/],
  ["a list", `[${good("half")}]`, /mapping/],
  ["a text", "no more than words", /mapping/],
  ["a number", "7", /mapping/],
  ["HTML", "<html><body>404 not found: s3cret</body></html>", /mapping with/],
  ["a private key", "-----BEGIN PRIVATE KEY-----\nMIIs3cret\n-----END PRIVATE KEY-----", /./],
  ["a key twice", `${list()}apiVersion: 1`, /unique at line 3/],
  ["a key twice in an entry", list("{ name: b, name: c, type: prometheus }"), /unique at line 2/],
  ["a list twice", `${list()}datasources: []`, /unique at line 3/],
  ["version 2", list().replace("1", "2"), /^apiVersion: expected 1$/],
  ["version -1", list().replace("1", "-1"), /^apiVersion/],
  ["version 1.5", list().replace("1", "1.5"), /^apiVersion/],
  ["a version that is a text", list().replace("1", "v1"), /^apiVersion/],
  ["a version of Kubernetes", list().replace("1", "grafana/v1"), /^apiVersion/],
  ["a version that is null", list().replace("1", "null"), /^apiVersion/],
  ["sources that are a text", "apiVersion: 1\ndatasources: prometheus", /^datasources: expected a list$/],
  ["sources that are a mapping", `apiVersion: 1\ndatasources: ${good("half")}`, /^datasources: expected a list$/],
  ["deletions that are a text", `${list()}deleteDatasources: half`, /^deleteDatasources: expected a list$/],
  ["an entry that is null", list("null"), /^datasources\[1\]: expected a mapping$/],
  ["an entry that is a text", list("prometheus"), /^datasources\[1\]: expected a mapping$/],
  ["no name", list("{ uid: b, type: prometheus }"), /^datasources\[1\].name/],
  ["no type", list("{ uid: b, name: b }"), /^datasources\[1\].type/],
  ["a type that is a list", list("{ name: b, type: [prometheus] }"), /^datasources\[1\].type/],
  ["a uid of two words", list("{ name: b, uid: a b, type: prometheus }"), /^datasources\[1\].uid/],
  ["a uid that is a path", list("{ name: b, uid: ../x, type: prometheus }"), /^datasources\[1\].uid/],
  ["a uid that is too long", list(`{ name: b, uid: ${"u".repeat(300)}, type: prometheus }`), /^datasources\[1\].uid/],
  ["a uid twice", list(good("b"), good("b")), /have the uid "b"$/],
  ["a uid of another file", list(good("kept")), /the other one is in 0.yaml$/],
  ["two defaults", list("{ name: b, type: loki, isDefault: true }", "{ name: c, type: loki, isDefault: true }"), /are the default$/],
  ["an organisation that is a word", list("{ name: b, type: loki, orgId: main }"), /^datasources\[1\].orgId/],
  ["an organisation below none", list("{ name: b, type: loki, orgId: -1 }"), /^datasources\[1\].orgId/],
  ["settings that are a list", list("{ name: b, type: loki, jsonData: [s3cret] }"), /^datasources\[1\].jsonData/],
  ["secrets that are a text", list("{ name: b, type: loki, secureJsonData: s3cret }"), /^datasources\[1\].secureJsonData/],
  ["access that is neither", list("{ name: b, uid: b, type: loki, access: neither }"), /^data source "b": .*spec.access/],
  ["a file that is not there", list("{ name: b, type: loki, url: '$__file{/not/there}' }"), /cannot be read$/],
  ["a file that never ends", list("{ name: b, type: loki, url: '$__file{/dev/zero}' }"), /cannot be read$/],
  ["a key twice among many", Array.from({ length: 30_000 }, (_, at) => `k${at}: 1`).join("\n") + "\nk1: 1", /unique at line 30001/],
  ["keys without end", Array.from({ length: 60_000 }, (_, at) => `k${at}: 1`).join("\n"), /^it has too many parts$/],
];

test("of seventy-odd bad files each is told in one clear line, nothing of any is applied, and what is good is", { timeout: 60_000 }, async () => {
  await using it = await startProvisioning();
  await it.write("0.yaml", `- ${good("kept")}`);
  const expected = new Map<string, RegExp>();
  const file = (name: string, why: RegExp): string => {
    const own = `${String(expected.size + 1).padStart(2, "0")} ${name}.yaml`;
    expected.set(own, why);
    return path.join(it.directory, own);
  };
  for (const [name, content, why] of texts) await writeFile(file(name, why), content);
  for (const [name, to, why] of [
    ["link to nothing", "/not/there", /ENOENT/],
    ["link to itself", `${String(expected.size + 2).padStart(2, "0")} link to itself.yaml`, /ELOOP/],
    ["link to a folder", "/tmp", /EISDIR/],
    ["link out, to what is no YAML of ours", "/etc/passwd", /./],
    ["link to what never ends", "/dev/zero", /no regular file/],
    ["link to nowhere", "/dev/null", /no regular file/],
  ] as const) {
    await symlink(to, file(name, why));
  }
  await mkdir(file("folder", /EISDIR/));
  execFileSync("/usr/bin/mkfifo", [file("pipe", /no regular file/)]);
  const huge = file("100 MB", /larger than 4194304 bytes/);
  await writeFile(huge, list());
  await truncate(huge, 100 * 1024 * 1024);
  await writeFile(file("a byte too many", /larger than/), `${list()}${"#".repeat(4 * 1024 * 1024)}`);
  await it.write("zz.yaml", `- ${good("last")}`);

  await it.provisioning.apply();
  await it.provisioning.apply();

  expect(expected.size).toBeGreaterThanOrEqual(70);
  expect(it.lines.map((line) => line.file).sort()).toEqual([...expected.keys()].sort());
  for (const { level, file: name, why } of it.lines) {
    expect({ name, level, why }).toEqual({ name, level: "error", why: expect.stringMatching(expected.get(String(name)) ?? /never/) as string });
    expect(String(why)).not.toMatch(/\n|s3cret|root:/);
    expect(String(why).length).toBeLessThan(300);
  }
  const states = await Promise.all([it.dataSource("kept"), it.dataSource("last"), it.dataSource("half"), it.dataSource("b", "loki")]);
  expect(states.map(({ status }) => status)).toEqual([200, 200, 404, 404]);
});

test("a link to a folder in which others write all the time is told once, for what it is", async () => {
  await using it = await startProvisioning();
  const busy = path.join(it.directory, "busy");
  await mkdir(busy);
  await symlink(busy, path.join(it.directory, "link.yaml"));
  const writing = setInterval(() => void writeFile(path.join(busy, randomUUID()), ""), 1);
  await it.provisioning.apply();
  await it.provisioning.apply();
  clearInterval(writing);
  expect(it.lines).toMatchObject([{ level: "error", file: "link.yaml", why: "it cannot be read (EISDIR)" }]);
});

test("what differs by case alone is another thing: files, names and uids", async () => {
  await using it = await startProvisioning();
  await it.write("a.yaml", `- ${good("p")}`);
  await it.write("A.yaml", `- ${good("P")}`);
  await it.write("B.YAML", `- ${good("not-read")}`);
  await it.provisioning.apply();
  const states = await Promise.all(["p", "P", "not-read"].map((uid) => it.dataSource(uid)));
  expect(states.map(({ status }) => status)).toEqual([200, 200, 404]);
  expect(states.map(({ json }) => json.metadata.name)).toEqual(["p", "P", undefined]);
  expect(it.lines).toEqual([]);
});
