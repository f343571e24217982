import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Logger, silentLogger } from "@dataplane/meta";
import { mountSmallDisk } from "@dataplane/storage-sql/testing/databases";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "./config/load-config.js";
import { startServer } from "./server.js";

const root = mkdtempSync(path.join(tmpdir(), "dataplane-full-server-"));
const disk = mountSmallDisk(24);
afterAll(() => {
  disk?.remove();
  rmSync(root, { recursive: true });
});

const admin = { authorization: `Basic ${Buffer.from("admin:admin").toString("base64")}`, "content-type": "application/json" };
const maps = "/api/v1/namespaces/default/configmaps";

interface Said {
  readonly level: "info" | "warn" | "error";
  readonly text: string;
}

function listening(): { readonly logger: Logger; readonly said: Said[] } {
  const said: Said[] = [];
  const line =
    (level: Said["level"]): Logger["info"] =>
    (_fields, text) =>
      void said.push({ level, text });
  return { logger: { ...silentLogger, info: line("info"), warn: line("warn"), error: line("error") }, said };
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`it did not come to be: ${what}`);
}

test.skipIf(disk === undefined)(
  "a server whose disk is full refuses writes and serves reads and watches, is not ready, says so once, and is well again when there is room",
  { timeout: 60_000 },
  async () => {
    if (disk === undefined) return;
    const { logger, said } = listening();
    const overrides = [`paths.data=${disk.folder}`, "server.http_port=0", "grafana-apiserver.https_port=0"];
    const config = loadConfig({ root, file: undefined, env: {}, overrides });
    const server = await startServer({ config, root, env: {}, logger });
    const state: unknown = JSON.parse(readFileSync(path.join(disk.folder, "run", "server.json"), "utf8"));
    const port: unknown = Reflect.get(Object(Reflect.get(Object(state), "http")), "port");
    const ask = (url: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${String(port)}${url}`, { headers: admin, ...init });
    const create = (name: string, size = 10): Promise<Response> =>
      ask(maps, { method: "POST", body: JSON.stringify({ metadata: { name }, data: { text: "x".repeat(size) } }) });
    await until(async () => (await ask("/readyz")).status === 200, "the server is ready");
    expect((await create("before")).status).toBe(201);

    const stop = new AbortController();
    const seen: string[] = [];
    const watching = follow(await ask(`${maps}?watch=1&resourceVersion=0`, { signal: stop.signal }), seen);

    disk.fill();
    let count = 0;
    let refused: Response;
    do refused = await create(`filling-${String(count++)}`, 100_000);
    while (refused.status === 201);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({
      kind: "Status",
      reason: "ServiceUnavailable",
      details: { causes: [{ reason: "StoreReadOnly" }], retryAfterSeconds: 1 },
    });
    for (let again = 0; again < 20; again += 1) expect((await create(`refused-${String(again)}`)).status).toBe(503);
    expect((await ask(`${maps}/before`)).status).toBe(200);
    expect((await ask(maps)).status).toBe(200);
    const ready = await ask("/readyz");
    expect(ready.status).toBe(500);
    expect(await ready.text()).toContain("[-]etcd failed");
    expect((await ask("/livez")).status).toBe(200);
    expect(await (await ask("/metrics")).text()).toContain("dataplane_storage_writable 0");
    await until(() => Promise.resolve(said.some(({ text }) => text.startsWith("the store cannot be written"))), "the log says so");

    disk.free();
    await until(async () => (await ask("/readyz")).status === 200, "the server is ready again");
    expect((await create("after")).status).toBe(201);
    await until(() => Promise.resolve(seen.includes("after")), "the watch goes on");
    expect(seen.filter((name) => name === "before" || name === "after")).toEqual(["before", "after"]);
    expect(seen.some((name) => name.startsWith("refused"))).toBe(false);
    await until(() => Promise.resolve(said.some(({ text }) => text === "the store can be read and written again")), "the log says so");
    expect(said.filter(({ text }) => text.startsWith("the store "))).toHaveLength(2);
    stop.abort();
    await watching;
    await server.stop(new AbortController().signal);
  },
);

/** Names of what was added, in order. */
async function follow({ body }: Response, seen: string[]): Promise<void> {
  let rest = "";
  try {
    for await (const chunk of body ?? []) {
      const lines = (rest + Buffer.from(chunk as Uint8Array).toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const name = /"name":"([^"]+)"/.exec(line)?.[1];
        if (line.startsWith('{"type":"ADDED"') && name !== undefined) seen.push(name);
      }
    }
  } catch {
    // The test has seen enough.
  }
}
