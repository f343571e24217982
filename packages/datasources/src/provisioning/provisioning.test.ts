import { mkdir, open, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { eventually, startProvisioning } from "../testing/start-provisioning.js";

test("at start each file's data sources are applied, with secrets sealed and the file's name", async () => {
  await using it = await startProvisioning({ env: { PASS: "s3cret" } });
  await it.write(
    "a.yaml",
    "- { name: Prom, uid: prom1, type: prometheus, url: '${PROMETHEUS_URL:-http://localhost:9090}', secureJsonData: { basicAuthPassword: $PASS } }",
  );
  await it.write("b.yml", "- { name: Logs, uid: loki1, type: loki, editable: true }");
  await it.write("readme.txt", "no YAML: [");
  await it.provisioning.apply();
  expect((await it.dataSource("prom1")).json).toMatchObject({
    metadata: { annotations: { "dataplane/provisioned-by": "a.yaml" } },
    spec: { title: "Prom", access: "proxy", url: "http://localhost:9090", readOnly: true },
    secure: { basicAuthPassword: { name: expect.stringContaining("basicauthpassword-") as string } },
  });
  expect((await it.dataSource("loki1", "loki")).json["spec"]).toEqual({ title: "Logs", access: "proxy" });
  expect(await it.secrets("prom1")).toEqual({ basicAuthPassword: "s3cret" });
  expect(it.lines).toEqual([]);
});

test("the environment decides over the default in the file", async () => {
  await using it = await startProvisioning({ env: { PROMETHEUS_URL: "http://prom:1" } });
  await it.write("a.yaml", "- { name: P, uid: p, type: prometheus, url: '${PROMETHEUS_URL:-http://localhost:9090}' }");
  await it.provisioning.apply();
  expect((await it.dataSource("p")).json["spec"]).toMatchObject({ url: "http://prom:1" });
});

test("the same files again write nothing, after a restart too", async () => {
  await using it = await startProvisioning();
  await it.write("a.yaml", "- { name: P, uid: p, type: prometheus, orgId: 2, jsonData: { a: [1] }, secureJsonData: { token: x } }");
  await it.provisioning.apply();
  const before = await it.api.store.revision();
  await it.provisioning.apply();
  await it.restarted().apply();
  expect(await it.api.store.revision()).toBe(before);
});

test("an organisation is a namespace, made when it is named", async () => {
  await using it = await startProvisioning();
  await it.write("a.yaml", "- { name: P, uid: p, type: prometheus, orgId: 7 }");
  await it.provisioning.apply();
  expect((await it.api.send("GET", "/api/v1/namespaces/org-7")).status).toBe(200);
  expect((await it.dataSource("p", "prometheus", "org-7")).status).toBe(200);
});

test("a user's edit stays until the file changes or the server starts again; what the file does not name stays anyhow", async () => {
  await using it = await startProvisioning();
  await it.write("a.yaml", "- { name: P, uid: p, type: prometheus, url: http://file, editable: true }");
  await it.provisioning.apply();
  const target = "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources/p";
  const edit = { spec: { url: "http://user", user: "u" } };
  await it.api.send("PATCH", `${target}?fieldManager=kubectl-edit`, { body: edit, contentType: "application/merge-patch+json" });
  await it.provisioning.apply();
  expect((await it.dataSource("p")).json["spec"]).toMatchObject({ url: "http://user" });
  await it.restarted().apply();
  expect((await it.dataSource("p")).json["spec"]).toMatchObject({ url: "http://file", user: "u" });
});

test("a changed file is applied when the writing is over; a setting that it no longer names goes", async () => {
  await using it = await startProvisioning();
  await it.write("a.yaml", "- { name: P, uid: p, type: prometheus, url: http://one, user: u }");
  await it.provisioning.apply();
  it.run();
  const file = path.join(it.directory, "a.yaml");
  for (const text of [
    "apiVersion: 1\ndatas",
    "apiVersion: 1\ndatasources: [{",
    "apiVersion: 1\ndatasources: [{ name: P, uid: p, type: prometheus, url: http://two }]",
  ]) {
    await writeFile(file, text);
  }
  await eventually(async () =>
    expect((await it.dataSource("p")).json["spec"]).toEqual({ title: "P", access: "proxy", url: "http://two", readOnly: true }),
  );
});

test.each([
  ["it is no YAML", "datasources: [", /line 1/],
  [
    "an entry has no type",
    "apiVersion: 1\ndatasources: [{ name: P, uid: p, type: prometheus, url: http://new }, { name: Q }]",
    /^datasources\[1\].type/,
  ],
  [
    "the API refuses an entry",
    "- { name: P, uid: p, type: prometheus, url: http://new }\n- { name: Q, uid: q, type: prometheus, access: neither }",
    /^data source "q": .*spec.access/,
  ],
  [
    "a uid is another plugin's",
    "- { name: P, uid: p, type: prometheus, url: http://new }\n- { name: M, uid: mine, type: prometheus }",
    /^data source "mine": the uid is that of another plugin's/,
  ],
  ["a uid stands twice", "- { name: P, uid: p, type: prometheus, url: http://new }\n- { name: Q, uid: p, type: loki }", /have the uid "p"$/],
  [
    "a uid stands in another file too",
    "- { name: P, uid: p, type: prometheus, url: http://new }\n- { name: L, uid: l, type: loki }",
    /the other one is in 0.yaml$/,
  ],
  [
    "two are the default",
    "- { name: P, uid: p, type: prometheus, isDefault: true }\n- { name: Q, uid: q, type: loki, isDefault: true }",
    /are the default$/,
  ],
  ["a file that it names is missing", "- { name: P, uid: p, type: prometheus, url: '$__file{/not/there}' }", /cannot be read/],
])("a broken file changes nothing, and one line says why: %s", async (_case, text, why) => {
  await using it = await startProvisioning();
  const others = "/apis/loki.datasource.grafana.app/v0alpha1/namespaces/default/datasources";
  await it.api.send("POST", others, { body: { metadata: { name: "mine" } } });
  await it.write("0.yaml", "- { name: L, uid: l, type: loki }");
  await it.write("a.yaml", "- { name: P, uid: p, type: prometheus, url: http://old }");
  await it.write("z.yaml", "- { name: Z, uid: z, type: loki }");
  await it.provisioning.apply();
  const before = await it.api.store.revision();
  await it.write("a.yaml", text);
  await it.provisioning.apply();
  await it.provisioning.apply();
  expect(await it.api.store.revision()).toBe(before);
  expect(it.lines).toEqual([{ level: "error", file: "a.yaml", why: expect.stringMatching(why) as string }]);
  // Mended, it is applied, as the others were all the time.
  await it.write("a.yaml", "- { name: P, uid: p, type: prometheus, url: http://mended }");
  await it.provisioning.apply();
  expect((await it.dataSource("p")).json["spec"]).toMatchObject({ url: "http://mended" });
});

test("no line of the log holds what a file holds as a secret", async () => {
  await using it = await startProvisioning({ env: { PASS: "s3cret" } });
  await it.write("a.yaml", "- { name: P, uid: a b, type: prometheus, secureJsonData: { token: $PASS } }");
  await it.write("b.yaml", "- { name: P, uid: p, type: prometheus, secureJsonData: $PASS }");
  await it.write("c.yaml", "- { name: P, secureJsonData: { token: s3cret } ] }");
  await it.provisioning.apply();
  expect(it.lines).toHaveLength(3);
  expect(JSON.stringify(it.lines)).not.toContain("s3cret");
});

test("what waits for its plugin is applied when that comes, and the rest of its file is not held up or fought over", async () => {
  await using it = await startProvisioning({ plugins: ["prometheus"] });
  await it.write(
    "a.yaml",
    "- { name: T, uid: t, type: tempo }\n- { name: P, uid: p, type: prometheus, url: http://file }\n- { name: X, uid: x, type: No_Group }",
  );
  await it.provisioning.apply();
  it.run();
  const target = "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources/p";
  await it.api.send("PATCH", target, { body: { spec: { url: "http://user" } }, contentType: "application/merge-patch+json" });
  it.api.plugins.add("tempo");
  await eventually(async () => expect((await it.dataSource("t", "tempo")).status).toBe(200));
  expect((await it.dataSource("p")).json["spec"]).toMatchObject({ url: "http://user" });
  expect(it.lines.map(({ file, why }) => [file, why])).toEqual([
    ["a.yaml", "no such data source plugin is here: tempo, No_Group"],
    ["a.yaml", "no such data source plugin is here: No_Group"],
  ]);
});

test("deleteDatasources deletes by name, whatever its plugin, and spares what a file lists", async () => {
  await using it = await startProvisioning();
  await it.write("a.yaml", "- { name: Old, uid: old, type: loki }\n- { name: Kept, uid: kept, type: prometheus }");
  await it.provisioning.apply();
  const { uid } = (await it.dataSource("kept")).json.metadata;
  const list = "datasources: [{ name: Kept, uid: kept, type: prometheus }]";
  await it.write("a.yaml", `apiVersion: 1\ndeleteDatasources: [{ name: Old, orgId: 1 }, { name: Kept }, { name: Nobody, orgId: 3 }]\n${list}`);
  await it.provisioning.apply();
  expect((await it.dataSource("old", "loki")).status).toBe(404);
  expect((await it.dataSource("kept")).json.metadata.uid).toBe(uid);
  expect(it.lines).toEqual([]);
});

test("prune deletes what a file no longer lists, also when the whole file goes, and nothing that it did not make", async () => {
  await using it = await startProvisioning();
  const other = "/apis/loki.datasource.grafana.app/v0alpha1/namespaces/default/datasources";
  await it.api.send("POST", other, { body: { metadata: { name: "mine" } } });
  await it.write("a.yaml", "apiVersion: 1\nprune: true\ndatasources: [{ name: A, uid: a, type: prometheus }, { name: B, uid: b, type: loki }]");
  await it.write("b.yaml", "- { name: C, uid: c, type: prometheus }");
  await it.provisioning.apply();
  await it.write("a.yaml", "apiVersion: 1\nprune: true\ndatasources: [{ name: A, uid: a, type: prometheus }]");
  await it.provisioning.apply();
  expect([(await it.dataSource("a")).status, (await it.dataSource("b", "loki")).status]).toEqual([200, 404]);

  await unlink(path.join(it.directory, "a.yaml"));
  await it.write("c.yaml", "broken: [");
  await it.provisioning.apply();
  // What the broken file lists is not known.
  expect((await it.dataSource("a")).status).toBe(200);
  await unlink(path.join(it.directory, "c.yaml"));
  await unlink(path.join(it.directory, "b.yaml"));
  await it.provisioning.apply();
  const states = [it.dataSource("a"), it.dataSource("c"), it.dataSource("mine", "loki")];
  expect((await Promise.all(states)).map(({ status }) => status)).toEqual([404, 200, 200]);
});

test("of several servers with files of their own none prunes what another one's files list", async () => {
  await using it = await startProvisioning();
  await it.write("a.yaml", "apiVersion: 1\nprune: true\ndatasources: [{ name: A, uid: a, type: prometheus }]");
  await it.provisioning.apply();
  const directory = path.join(it.directory, "..", "elsewhere");
  await mkdir(directory);
  const other = it.elsewhere(directory);
  await writeFile(path.join(directory, "b.yaml"), "apiVersion: 1\nprune: true\ndatasources: [{ name: B, uid: b, type: prometheus }]");
  await other.apply();
  expect([(await it.dataSource("a")).status, (await it.dataSource("b")).status]).toEqual([200, 200]);
  await unlink(path.join(directory, "b.yaml"));
  await other.apply();
  expect([(await it.dataSource("a")).status, (await it.dataSource("b")).status]).toEqual([200, 404]);
});

test("a file that is emptied and then filled is read when it is whole, whoever asks in between", async () => {
  await using it = await startProvisioning({ clock: systemClock });
  const text = (step: number): string => `apiVersion: 1\nprune: true\ndatasources:\n  - { name: A${step}, uid: a, type: prometheus }\n`;
  await it.write("a.yaml", text(0));
  await it.provisioning.apply();
  const { uid } = (await it.dataSource("a")).json.metadata;
  for (const step of [1, 2, 3]) {
    const file = await open(path.join(it.directory, "a.yaml"), "w");
    const asked = [it.provisioning.apply(), it.provisioning.apply()];
    for (const piece of text(step).match(/[^]{1,16}/g) ?? []) {
      await file.write(piece);
      await systemClock.sleep(5);
      expect((await it.dataSource("a")).json).toMatchObject({ metadata: { uid }, spec: { title: `A${step - 1}` } });
    }
    await file.close();
    await Promise.all(asked);
    expect((await it.dataSource("a")).json).toMatchObject({ metadata: { uid }, spec: { title: `A${step}` } });
  }
  expect(it.lines).toEqual([]);
});

test("a file that is written to all the time keeps its old state, and the others go on", async () => {
  await using it = await startProvisioning({ clock: systemClock });
  await it.write("a.yaml", "apiVersion: 1\nprune: true\ndatasources: [{ name: A, uid: a, type: prometheus }]");
  await it.provisioning.apply();
  await it.write("b.yaml", "- { name: B, uid: b, type: prometheus }");
  const over = new AbortController();
  const writing = (async () => {
    let text = "apiVersion: 1\nprune: true\ndatasources: [] # ";
    while (!over.signal.aborted) {
      text += "x";
      await writeFile(path.join(it.directory, "a.yaml"), text);
      await systemClock.sleep(1);
    }
  })();
  await it.provisioning.apply();
  over.abort();
  await writing;
  expect([(await it.dataSource("a")).status, (await it.dataSource("b")).status]).toEqual([200, 200]);
  expect(it.lines).toEqual([{ level: "warn", file: "a.yaml", why: "it is being written" }]);
  await it.provisioning.apply();
  expect((await it.dataSource("a")).status).toBe(404);
});

test.each([
  ["nothing at all", ""],
  ["its first comment", "# What we ask"],
  ["the head of its list", "apiVersion: 1\nprune: true\ndatasources:\n"],
])("a file that stays cut down to %s takes nothing away", async (_what, text) => {
  await using it = await startProvisioning();
  await it.write("a.yaml", "apiVersion: 1\nprune: true\ndatasources: [{ name: A, uid: a, type: prometheus }]");
  await it.provisioning.apply();
  await writeFile(path.join(it.directory, "a.yaml"), text);
  await it.provisioning.apply();
  expect((await it.dataSource("a")).status).toBe(200);
  await it.write("a.yaml", "apiVersion: 1\nprune: true\ndatasources: []");
  await it.provisioning.apply();
  expect((await it.dataSource("a")).status).toBe(404);
});

test("a folder that is not there is empty, and is read when it comes, also as a link that is turned to another", async () => {
  await using it = await startProvisioning();
  await rm(it.directory, { recursive: true });
  await it.provisioning.apply();
  it.run();
  const versions = await Promise.all(
    ["one", "two"].map(async (title) => {
      const folder = path.join(path.dirname(it.directory), title);
      await mkdir(folder);
      await writeFile(path.join(folder, "a.yaml"), `apiVersion: 1\ndatasources: [{ name: ${title}, uid: p, type: prometheus }]`);
      return folder;
    }),
  );
  const [one = "", two = ""] = versions;
  await symlink(one, it.directory);
  await eventually(async () => expect((await it.dataSource("p")).json["spec"]).toMatchObject({ title: "one" }));
  await symlink(two, `${it.directory}.next`);
  await rename(`${it.directory}.next`, it.directory);
  await eventually(async () => expect((await it.dataSource("p")).json["spec"]).toMatchObject({ title: "two" }));
  expect(it.lines).toEqual([]);
});

test("files and folders that cannot be read are named, and the others go on", async () => {
  await using it = await startProvisioning();
  await mkdir(path.join(it.directory, "folder.yaml"));
  await symlink("/not/there", path.join(it.directory, "link.yaml"));
  await writeFile(path.join(it.directory, "huge.yaml"), "#".repeat(4 * 1024 * 1024 + 1));
  await it.write("ok.yaml", "- { name: P, uid: p, type: prometheus }");
  await it.provisioning.apply();
  expect((await it.dataSource("p")).status).toBe(200);
  expect(it.lines).toEqual([
    { level: "error", file: "folder.yaml", why: "it cannot be read (EISDIR)" },
    { level: "error", file: "huge.yaml", why: "larger than 4194304 bytes" },
    { level: "error", file: "link.yaml", why: "it cannot be read (ENOENT)" },
  ]);
  await rm(it.directory, { recursive: true });
  await writeFile(it.directory, "a file");
  await it.provisioning.apply();
  expect(it.lines.at(-1)).toEqual({ level: "error", file: it.directory, why: "it cannot be read (ENOTDIR)" });
});
