import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "@dataplane/meta";
import { openSqlite, openSqlStore } from "@dataplane/storage-sql";
import { expect, onTestFinished, test } from "vitest";
import { type Answer, call } from "./testing/call.js";
import { type TestKey, testKey, writeEncryption } from "./testing/encryption-file.js";
import { type ProcessEnd, runProcess } from "./testing/run-process.js";
import { type StartedServer, serverEnvironment, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const plainText = "canary-of-a-secret-at-rest-5417";
const off = { GF_PLUGINS_AUTO_REGISTER: "false" };

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "dataplane-encryption-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const secretsOf = (server: StartedServer): string => `${server.url}/api/v1/namespaces/default/secrets`;

const createSecret = (server: StartedServer, name: string, text = plainText): Promise<Answer> =>
  call(secretsOf(server), { body: { metadata: { name }, stringData: { password: text } } });

/** Whether the bytes are anywhere in the database, what was deleted included. */
const isInDatabase = (dataPath: string, bytes: string): boolean =>
  readdirSync(dataPath)
    .filter((file) => file.startsWith("dataplane.db"))
    .some((file) => readFileSync(path.join(dataPath, file)).includes(bytes));

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Starts a server that is to refuse; its end and what it said. */
async function refusal(dataPath: string, env: NodeJS.ProcessEnv = {}): Promise<ProcessEnd & { readonly said: string }> {
  const server = runProcess(process.execPath, [path.join(import.meta.dirname, "testing", "serve.mjs")], {
    env: serverEnvironment(dataPath, { ...off, ...env }),
  });
  const late = setTimeout(() => server.child.kill("SIGKILL"), 20_000);
  const end = await server.end;
  clearTimeout(late);
  return { ...end, said: server.stdout() + server.stderr() };
}

const digestOf = (dataPath: string): string =>
  createHash("sha256")
    .update(readFileSync(path.join(dataPath, "dataplane.db")))
    .digest("hex");

async function stopped(server: StartedServer): Promise<void> {
  expect((await server.stop()).code).toBe(0);
}

test("a Secret cannot be read in the database's files, and is itself after a restart; ConfigMaps are as they were", async () => {
  const dataPath = folder();
  const server = await startServer({ dataPath, env: off });
  expect((await createSecret(server, "a")).status).toBe(201);
  expect(
    (await call(`${server.url}/api/v1/namespaces/default/configmaps`, { body: { metadata: { name: "a" }, data: { text: "canary-in-clear" } } }))
      .status,
  ).toBe(201);
  expect((await call(`${secretsOf(server)}/a`)).json()["data"]).toEqual({ password: base64(plainText) });
  await stopped(server);
  expect(isInDatabase(dataPath, "canary-in-clear")).toBe(true);
  expect(isInDatabase(dataPath, plainText)).toBe(false);
  expect(isInDatabase(dataPath, base64(plainText))).toBe(false);
  expect(isInDatabase(dataPath, "dataplane:enc:aesgcm:v1:key1:")).toBe(true);
  expect(statSync(path.join(dataPath, "keys", "encryption.yaml")).mode & 0o777).toBe(0o600);

  const again = await startServer({ dataPath, env: off });
  expect((await call(`${secretsOf(again)}/a`)).json()["data"]).toEqual({ password: base64(plainText) });
  expect((await call(secretsOf(again))).json()["items"]).toHaveLength(1);
  await stopped(again);
});

test("a key that is gone, or another one, refuses to start, says which and writes nothing", { timeout: 120_000 }, async () => {
  const dataPath = folder();
  const file = path.join(dataPath, "encryption.yaml");
  const configured = { GF_GRAFANA_APISERVER_ENCRYPTION_PROVIDER_CONFIG: file };
  writeEncryption(file, [testKey("first", 1)]);
  const server = await startServer({ dataPath, env: { ...off, ...configured } });
  for (const name of ["a", "b", "c"]) expect((await createSecret(server, name)).status).toBe(201);
  await stopped(server);
  const before = digestOf(dataPath);

  writeEncryption(file, [testKey("first", 2)]);
  const wrong = await refusal(dataPath, configured);
  expect(wrong.code).toBe(1);
  expect(wrong.said).toContain(
    "the key first (aesgcm) has another secret than the one that 3 stored values are sealed under (first: /core/secrets/default/a)",
  );
  writeEncryption(file, [testKey("second", 2)]);
  const missing = await refusal(dataPath, configured);
  expect(missing.code).toBe(1);
  expect(missing.said).toContain("the key first (aesgcm) is not among the keys, but is the one that 3 stored values are sealed under");
  writeFileSync(
    file,
    "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources: [{resources: [secrets], providers: [{aes: {}}]}]",
  );
  const invalid = await refusal(dataPath, configured);
  expect(invalid.code).toBe(1);
  expect(invalid.said).toContain(`${file}: resources[0].providers[0].aes: there is no such field`);
  rmSync(file);
  const gone = await refusal(dataPath, configured);
  expect(gone.code).toBe(1);
  expect(gone.said).toContain("encryption_provider_config");
  // The default file would have a new key.
  const without = await refusal(dataPath);
  expect(without.code).toBe(1);
  expect(without.said).toContain("keys/encryption.yaml is gone, and stored values are sealed under its keys");
  expect(readdirSync(path.join(dataPath, "keys"))).not.toContain("encryption.yaml");
  expect(digestOf(dataPath)).toBe(before);
  for (const { said } of [wrong, missing, invalid, gone, without]) expect(said).not.toContain(testKey("first", 2).secret);

  writeEncryption(file, [testKey("first", 1)]);
  const right = await startServer({ dataPath, env: { ...off, ...configured } });
  expect((await call(secretsOf(right))).json()["items"]).toHaveLength(3);
  await stopped(right);
});

/** Reads, lists and writes Secrets until it is stopped; gives what failed. */
function traffic(server: StartedServer): { readonly stop: () => Promise<{ readonly reads: number; readonly failures: readonly string[] }> } {
  const state = { isOver: false, reads: 0 };
  const failures: string[] = [];
  const once = async (): Promise<void> => {
    const name = `busy-${String((state.reads / 2) % 10)}`;
    const [one, all] = [await call(`${secretsOf(server)}/${name}`), await call(secretsOf(server))];
    for (const answer of [one, all]) if (answer.status !== 200) failures.push(`${String(answer.status)} ${answer.text}`);
    state.reads += 2;
    const patch = { stringData: { round: String(state.reads) } };
    const headers = { "content-type": "application/merge-patch+json" };
    const written = await call(`${secretsOf(server)}/${name}`, { method: "PATCH", body: patch, headers });
    if (written.status !== 200) failures.push(`${String(written.status)} ${written.text}`);
  };
  const run = async (): Promise<void> => {
    while (!state.isOver) await once();
  };
  const running = Promise.all([run(), run(), run()]);
  return {
    async stop() {
      state.isOver = true;
      await running;
      return { reads: state.reads, failures };
    },
  };
}

/** Each rotation: the new key first, the old one below it until all is rewritten, then the new one alone. */
async function rotate(file: string, server: StartedServer, before: TestKey, next: TestKey): Promise<void> {
  const heard = (text: string): number => server.log().split(text).length - 1;
  const [read, done] = [heard("the configuration was read again"), heard("everything is stored as configured")];
  writeEncryption(file, [next, before]);
  await until("all is rewritten", () => (heard("everything is stored as configured") > done ? true : undefined), 20_000);
  writeEncryption(file, [next]);
  await until("the old key is gone", () => (heard("the configuration was read again") >= read + 2 ? true : undefined), 20_000);
}

const rotations = Number(process.env["DATAPLANE_ROTATIONS"] ?? 5);

test("keys are rotated under traffic without a failed read, and the old one may go", { timeout: 60_000 + rotations * 20_000 }, async () => {
  const dataPath = folder();
  const file = path.join(dataPath, "encryption.yaml");
  const keys = Array.from({ length: rotations + 1 }, (_, index) => testKey(`key${String(index)}`, index + 1));
  const keyAt = (index: number): TestKey => keys[index] ?? testKey("none", 0);
  writeEncryption(file, [keyAt(0)]);
  const server = await startServer({ dataPath, env: { ...off, GF_GRAFANA_APISERVER_ENCRYPTION_PROVIDER_CONFIG: file } });
  for (let index = 0; index < 10; index += 1) expect((await createSecret(server, `busy-${String(index)}`)).status).toBe(201);
  const load = traffic(server);
  for (let round = 1; round <= rotations; round += 1) await rotate(file, server, keyAt(round - 1), keyAt(round));
  const { reads, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(reads).toBeGreaterThan(rotations * 10);
  expect(server.log()).not.toContain("is not used; the one before stays");
  await stopped(server);
  const again = await startServer({ dataPath, env: { ...off, GF_GRAFANA_APISERVER_ENCRYPTION_PROVIDER_CONFIG: file } });
  expect((await call(secretsOf(again))).json()["items"]).toHaveLength(10);
  await stopped(again);
  console.log(`${String(rotations)} rotations under traffic: ${String(reads)} reads, ${String(failures.length)} failed`);
});

test("a changed file that cannot be used leaves the one before in use", async () => {
  const dataPath = folder();
  const file = path.join(dataPath, "encryption.yaml");
  writeEncryption(file, [testKey("first", 1)]);
  const server = await startServer({ dataPath, env: { ...off, GF_GRAFANA_APISERVER_ENCRYPTION_PROVIDER_CONFIG: file } });
  expect((await createSecret(server, "a")).status).toBe(201);
  const refused = "the changed configuration is not used; the one before stays";
  writeFileSync(file, "nonsense");
  await until("nonsense is refused", () => (server.log().includes(refused) ? true : undefined));
  writeEncryption(file, [testKey("second", 2)]);
  await until("a file without a key that is needed is refused", () => (server.log().split(refused).length === 3 ? true : undefined));
  expect((await call(`${secretsOf(server)}/a`)).status).toBe(200);
  expect((await createSecret(server, "b")).status).toBe(201);
  // More resources: what is there already is sealed too.
  expect(
    (await call(`${server.url}/api/v1/namespaces/default/configmaps`, { body: { metadata: { name: "a" }, data: { text: "was-in-clear" } } })).status,
  ).toBe(201);
  writeEncryption(file, [testKey("first", 1)], ["secrets", "configmaps"]);
  await until("ConfigMaps are sealed", () => (server.log().includes("everything is stored as configured") ? true : undefined));
  expect((await call(`${server.url}/api/v1/namespaces/default/configmaps/a`)).json()["data"]).toEqual({ text: "was-in-clear" });
  await stopped(server);
});

test("a Secret that does not open fails by its name and in lists of Secrets; everything else is served, and the store goes on", {
  timeout: 60_000,
}, async () => {
  const dataPath = folder();
  const server = await startServer({ dataPath, env: off });
  for (const name of ["good", "bad"]) expect((await createSecret(server, name)).status).toBe(201);
  await stopped(server);
  // A value that was moved does not open.
  const store = await openSqlStore({ dialect: openSqlite(path.join(dataPath, "dataplane.db")), clock: systemClock });
  const [good, bad] = [await store.get("/core/secrets/default/good"), await store.get("/core/secrets/default/bad")];
  await store.put("/core/secrets/default/bad", good?.value ?? new Uint8Array(), { expected: bad?.revision ?? 0n });
  await store.close();

  const again = await startServer({ dataPath, env: off });
  expect((await call(`${secretsOf(again)}/good`)).status).toBe(200);
  for (const damaged of [await call(`${secretsOf(again)}/bad`), await call(secretsOf(again))]) {
    expect(damaged.status).toBe(500);
    expect(damaged.json()).toMatchObject({ kind: "Status", reason: "InternalError" });
    expect(damaged.text).not.toContain("dataplane:enc");
  }
  expect((await call(`${again.url}/api/v1/namespaces/kube-system/secrets`)).status).toBe(200);
  for (const resource of ["namespaces", "configmaps", "serviceaccounts"]) expect((await call(`${again.url}/api/v1/${resource}`)).status).toBe(200);
  expect((await createSecret(again, "another")).status).toBe(201);
  expect((await call(`${again.url}/readyz`)).status).toBe(200);
  await until("the log names it", () => (again.log().includes("/core/secrets/default/bad") ? true : undefined));
  await stopped(again);
});
