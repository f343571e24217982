import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startPostgres, type TestPostgres } from "@dataplane/storage-sql/testing/databases";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { call } from "./testing/call.js";
import { runProcess } from "./testing/run-process.js";
import { type StartedServer, serverEnvironment, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

let postgres: TestPostgres | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

const secretKey = "one secret key of enough characters";
const basic = (password: string): { readonly authorization: string } => ({
  authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`,
});

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "dataplane-shared-keys-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

interface Database {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  readonly sql: TestPostgres["sql"];
}

/** Skips the test where PostgreSQL is not installed. */
async function database(skip: (note: string) => never): Promise<Database> {
  const server = postgres ?? skip("needs PostgreSQL");
  const name = await server.createDatabase();
  const env = { GF_PLUGINS_AUTO_REGISTER: "false", GF_DATABASE_URL: server.url(name), GF_SECURITY_SECRET_KEY: secretKey };
  return { name, env, sql: (statement, of) => server.sql(statement, of) };
}

async function two({ env }: Database): Promise<readonly [StartedServer, StartedServer]> {
  const folders = [folder(), folder()] as const;
  const servers = await Promise.all([startServer({ dataPath: folders[0], env }), startServer({ dataPath: folders[1], env })]);
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });
  return servers;
}

/** One command of `dataplane` in that data folder; its exit code and what it said. */
async function command(
  dataPath: string,
  env: NodeJS.ProcessEnv,
  words: readonly string[],
  stdin = "",
): Promise<{ readonly code: number | null; readonly said: string }> {
  const program = runProcess(process.execPath, [path.join(import.meta.dirname, "testing", "serve.mjs"), ...words], {
    env: serverEnvironment(dataPath, env),
    stdin,
  });
  const late = setTimeout(() => program.child.kill("SIGKILL"), 40_000);
  const { code } = await program.end;
  clearTimeout(late);
  return { code, said: program.stdout() + program.stderr() };
}

const tokenOf = (server: StartedServer): string => /token: (\S+)/.exec(readFileSync(server.kubeconfig, "utf8"))?.[1] ?? "";
const status = async (server: StartedServer, headers: Record<string, string>): Promise<number> =>
  (await call(`${server.url}/api/v1/namespaces`, { headers })).status;

/** Every byte that the tables of a database hold, as text. */
async function dump({ name, sql }: Database): Promise<string> {
  const tables = await sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name);
  const rows = await Promise.all(tables.map(({ tablename }) => sql(`SELECT row_to_json(t)::text AS row FROM ${String(tablename)} t`, name)));
  // Bytes are in hexadecimal there.
  return rows
    .flat()
    .map(({ row }) => String(row))
    .join("\n");
}

const hex = (text: string): string => Buffer.from(text).toString("hex");

test("two servers that start at once on one database believe each other's tokens, and a password changed at one counts at the other", {
  timeout: 120_000,
}, async ({ skip }) => {
  const shared = await database(skip);
  const [one, other] = await two(shared);
  expect(await status(other, { authorization: `Bearer ${tokenOf(one)}` })).toBe(200);
  expect(await status(one, { authorization: `Bearer ${tokenOf(other)}` })).toBe(200);
  expect(readFileSync(path.join(one.dataPath, "keys", "ca.crt"), "utf8")).toBe(readFileSync(path.join(other.dataPath, "keys", "ca.crt"), "utf8"));

  // As it would be run beside one of them, and from a machine where none runs.
  for (const [dataPath, password] of [[one.dataPath, "first-password"] as const, [folder(), "second-password"] as const]) {
    const changed = await command(dataPath, shared.env, ["users", "passwd", "admin"], password);
    expect(changed).toMatchObject({ code: 0, said: expect.stringContaining("is changed") as string });
    for (const server of [one, other]) {
      await until("the new password counts", async () => ((await status(server, basic(password))) === 200 ? true : undefined));
      expect(await status(server, basic("admin"))).toBe(401);
    }
  }
});

test("neither Secrets nor keys can be read in the database; both servers read them, also while keys are rotated", { timeout: 120_000 }, async ({
  skip,
}) => {
  const shared = await database(skip);
  const [one, other] = await two(shared);
  const canary = "canary-of-a-shared-secret-9921";
  const secrets = "/api/v1/namespaces/default/secrets";
  expect((await call(one.url + secrets, { body: { metadata: { name: "a" }, stringData: { password: canary } } })).status).toBe(201);
  const state = { isOver: false, reads: 0 };
  const failures: string[] = [];
  const reading = Promise.all(
    [one, other].map(async ({ url }) => {
      while (!state.isOver) {
        const answer = await call(`${url}${secrets}/a`);
        if (answer.status !== 200 || !answer.text.includes(Buffer.from(canary).toString("base64"))) failures.push(answer.text);
        state.reads += 1;
      }
    }),
  );
  const rotated = await command(one.dataPath, shared.env, ["keys", "rotate"]);
  expect(rotated.code).toBe(0);
  const sealedByNext = hex("dataplane:enc:aesgcm:v1:key2:");
  await until("the Secret is rewritten", async () => ((await dump(shared)).includes(sealedByNext) ? true : undefined), 20_000);
  expect((await call(other.url + secrets, { body: { metadata: { name: "b" }, stringData: { password: canary } } })).status).toBe(201);
  expect((await call(`${one.url}${secrets}/b`)).status).toBe(200);
  state.isOver = true;
  await reading;
  expect(failures).toEqual([]);
  expect(state.reads).toBeGreaterThan(100);
  const stored = await dump(shared);
  for (const secret of [canary, Buffer.from(canary).toString("base64"), "PRIVATE KEY", "keys:\n"]) expect(stored).not.toContain(hex(secret));
  expect(readFileSync(path.join(one.dataPath, "keys", "encryption.yaml"), "utf8")).toContain("key2");
  await until("the other one has the keys", () => {
    const [here, there] = [one, other].map(({ dataPath }) =>
      ["encryption.yaml", "secrets.key"].map((file) => readFileSync(path.join(dataPath, "keys", file), "utf8")).join(),
    );
    return here === there ? true : undefined;
  });
});

test("the records of shared keys are no objects: no path of the API shows them", async ({ skip }) => {
  const shared = await database(skip);
  const server = await startServer({ dataPath: folder(), env: shared.env });
  for (const path of ["/apis/dataplane", "/apis/dataplane/v1/keys", "/apis/dataplane/v1/keys/ca", "/dataplane/keys/ca"])
    expect((await call(server.url + path)).status).toBe(404);
  expect((await call(`${server.url}/apis`)).text).not.toContain('"dataplane"');
  await server.stop();
});

test("a missing, short or wrong secret_key refuses to start, and changes nothing", { timeout: 120_000 }, async ({ skip }) => {
  const shared = await database(skip);
  const server = await startServer({ dataPath: folder(), env: shared.env });
  await server.stop();
  const before = await dump(shared);
  const dataPath = folder();
  const attempt = (key: string): Promise<{ readonly code: number | null; readonly said: string }> =>
    command(dataPath, { ...shared.env, GF_SECURITY_SECRET_KEY: key }, []);
  const [missing, short, wrong] = [await attempt(""), await attempt("short"), await attempt(`another ${secretKey}`)];
  expect(missing.said).toContain(
    "[security] secret_key is needed with [database] type = postgres, at least 32 characters and the same on each server: it is not set",
  );
  expect(short.said).toContain("it has 5 characters");
  expect(wrong.said).toContain("[security] secret_key is not the one that the keys in this database are sealed under");
  expect([missing.code, short.code, wrong.code]).toEqual([1, 1, 1]);
  for (const { said } of [missing, short, wrong]) expect(said).not.toContain(secretKey);
  expect(readdirSync(path.join(dataPath, "keys"))).toEqual([]);
  expect(await dump(shared)).toBe(before);

  const next = "the next secret key, of enough characters";
  expect(await command(server.dataPath, shared.env, ["keys", "secret-key"], next)).toMatchObject({ code: 0 });
  expect((await attempt(secretKey)).code).toBe(1);
  const again = await startServer({ dataPath: folder(), env: { ...shared.env, GF_SECURITY_SECRET_KEY: next } });
  expect(await status(again, { authorization: `Bearer ${tokenOf(server)}` }).catch(() => 0)).toBe(200);
  await again.stop();
});
