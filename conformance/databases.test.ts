import { startEtcd } from "@dataplane/storage-etcd/testing";
import { startMariadb, startPostgres } from "@dataplane/storage-sql/testing/databases";
import { afterAll, describe, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

/** A database of the test's own, and how a server finds it. */
interface Database {
  readonly env: NodeJS.ProcessEnv;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const keysOf = (type: string, { host, port, user, password, caFile }: TestServer, name: string): NodeJS.ProcessEnv => ({
  GF_DATABASE_TYPE: type,
  GF_DATABASE_HOST: `${host}:${String(port)}`,
  GF_DATABASE_NAME: name,
  GF_DATABASE_USER: user,
  GF_DATABASE_PASSWORD: password,
  GF_DATABASE_SSL_MODE: "verify-full",
  GF_DATABASE_CA_CERT_PATH: caFile,
});

interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly caFile: string | undefined;
}

const databases: Readonly<Record<string, () => Promise<Database | undefined>>> = {
  "PostgreSQL by TLS": async () => {
    const server = await startPostgres({ tls: true });
    if (server === undefined) return undefined;
    return { env: keysOf("postgres", server, await server.createDatabase()), ...lifeOf(server) };
  },
  "MariaDB by TLS": async () => {
    const server = await startMariadb({ tls: true });
    if (server === undefined) return undefined;
    return { env: keysOf("mysql", server, await server.createDatabase()), ...lifeOf(server) };
  },
  etcd: async () => {
    const server = await startEtcd();
    if (server === undefined) return undefined;
    return { env: { GF_GRAFANA_APISERVER_STORAGE_TYPE: "etcd", GF_GRAFANA_APISERVER_ETCD_SERVERS: server.hosts.join(",") }, ...lifeOf(server) };
  },
};

const lifeOf = (server: Omit<Database, "env">): Omit<Database, "env"> => ({
  kill: () => server.kill(),
  restart: () => server.restart(),
  stop: () => server.stop(),
});

for (const [name, start] of Object.entries(databases)) {
  const database = await start();
  afterAll(() => database?.stop());

  describe.skipIf(database === undefined)(database === undefined ? `a server on ${name} (needs it installed)` : `a server on ${name}`, () => {
    const env = { ...database?.env, GF_SECURITY_SECRET_KEY: "one for all servers of this test's store" };
    const maps = (url: string): string => `${url}/api/v1/namespaces/default/configmaps`;
    const create = (url: string, map: string) => call(maps(url), { body: { metadata: { name: map }, data: { text: "é" } } });
    const statusOf = async (url: string): Promise<number> => (await call(url)).status;

    test("has what another wrote, whose folder is gone", async () => {
      const first = await startServer({ env });
      expect((await create(first.url, "kept")).status).toBe(201);
      await first.stop();
      const second = await startServer({ env });
      expect((await call(`${maps(second.url)}/kept`)).json()).toMatchObject({ data: { text: "é" } });
      await second.stop();
    });

    test("says so while the database is away, and goes on by itself when it is back, its watches without a gap", async () => {
      const server = await startServer({ env });
      const { metadata } = (await call(maps(server.url))).json() as unknown as { readonly metadata: { readonly resourceVersion: string } };
      const seen = watchNames(`${maps(server.url)}?watch=1&resourceVersion=${metadata.resourceVersion}`);
      expect((await create(server.url, "before")).status).toBe(201);

      await database?.kill();
      await until("it is not ready", async () => ((await call(`${server.url}/readyz`)).text.includes("[-]etcd") ? true : undefined));
      expect(await statusOf(`${server.url}/livez`)).toBe(200);
      const refused = await create(server.url, "during");
      expect([503, 504]).toContain(refused.status);
      expect(refused.json()).toMatchObject({ kind: "Status", status: "Failure" });
      if (refused.status === 503) expect(refused.headers.get("retry-after")).toBe("1");

      await database?.restart();
      await until("it is ready", async () => ((await statusOf(`${server.url}/readyz`)) === 200 ? true : undefined));
      expect((await create(server.url, "after")).status).toBe(201);
      await until("the watch has seen it", () => (seen.names.includes("after") ? true : undefined));
      expect(seen.names.filter((each) => each !== "during")).toEqual(["before", "after"]);
      expect(seen.ended()).toBe(false);
      seen.stop();
      expect((await server.stop()).code).toBe(0);
    });
  });
}

/** Names of the objects that a watch tells, as they come. */
function watchNames(url: string) {
  const names: string[] = [];
  const abort = new AbortController();
  let isOver = false;
  const reading = (async () => {
    const { body } = await fetch(url, { headers: { authorization: admin }, signal: abort.signal });
    let rest = "";
    for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = (rest + part).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines)
        names.push((JSON.parse(line) as { readonly object: { readonly metadata: { readonly name: string } } }).object.metadata.name);
    }
  })();
  void reading.catch(() => undefined).finally(() => (isOver = true));
  return { names, ended: () => isOver, stop: () => abort.abort() };
}
