import { randomInt } from "node:crypto";
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { dataSourcesUrl, query } from "./testing/data-plane.js";
import { goTestApp, goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const rewrites = 1000;
/** So long that a write takes several pages. */
const padding = "x".repeat(20_000);

/** A file as of one generation. Its settings and its secret, one at each end, carry the number. */
const dataSourceFile = (generation: number): string => `apiVersion: 1
prune: true
datasources:
  - name: one
    uid: one
    type: ${goTestPlugin}
    url: http://127.0.0.1:1/${generation}
    jsonData: { padding: ${padding} }
    secureJsonData: { token: "${generation}" }
  - name: two
    uid: two
    type: ${goTestPlugin}
    url: http://127.0.0.1:1/${generation}
    secureJsonData: { token: "${generation}" }
`;

const appFile = (generation: number): string => `apiVersion: 1
prune: true
apps:
  - type: ${goTestApp.id}
    jsonData: { generation: "${generation}", padding: ${padding} }
    secureJsonData: { token: "${generation}" }
`;

/** Ways of writing a file, from the most careful to the least. */
const ways: readonly ((file: string, text: string) => Promise<void>)[] = [
  (file, text) => {
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
    return Promise.resolve();
  },
  (file, text) => {
    const began = performance.now();
    writeFileSync(file, text);
    noteSlow(began, text);
    return Promise.resolve();
  },
  (file, text) => inPieces(file, [text]),
  // Cut where it is YAML still: behind a line, or within a text.
  (file, text) => inPieces(file, [text.slice(0, text.lastIndexOf("    secure")), text.slice(text.lastIndexOf("    secure"))]),
  (file, text) => inPieces(file, [text.slice(0, 200), text.slice(200, 9000), text.slice(9000)]),
];

/** What this machine did not write within the time that a write may take: the server is right to take it for whole. */
const tooSlow = new Set<string>();
/** Less than a file that came rests before it is read. */
const slowMs = 80;

/** The generation of a file that took too long since `began`. */
function noteSlow(began: number, text: string): void {
  if (performance.now() - began > slowMs) tooSlow.add(/1\/(\d+)|generation: "(\d+)/.exec(text)?.slice(1).join("") ?? "");
}

/** Empties the file, and then fills it with pauses. */
async function inPieces(file: string, pieces: readonly string[]): Promise<void> {
  const descriptor = openSync(file, "w");
  for (const piece of pieces) {
    const began = performance.now();
    await sleep(randomInt(15));
    writeSync(descriptor, piece);
    noteSlow(began, pieces.join(""));
  }
  closeSync(descriptor);
}

interface Seen {
  readonly settings: string;
  readonly secret: string;
}

describeWith([needsGoTestPlugin, ...goTestApp.needs], `provisioning files that are rewritten ${rewrites} times`, () => {
  const dataPath = temporaryFolder("rewrites");
  const provisioning = path.join(dataPath, "provisioning");
  const dataSources = path.join(provisioning, "datasources", "a.yaml");
  const apps = path.join(provisioning, "plugins", "a.yaml");
  let server: StartedServer;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    goTestApp.install(dataPath);
    for (const file of [dataSources, apps]) mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(dataSources, dataSourceFile(0));
    writeFileSync(apps, appFile(0));
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_PATHS_PROVISIONING: provisioning } });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  /** What the plugin itself was given. */
  async function dataSourceSeen(uid: string): Promise<Seen> {
    const answer = await query(server, { pluginId: goTestPlugin, uid }, [{ refId: "A", queryType: "echo" }]);
    if (answer.status !== 200) throw new Error(`${uid}: ${answer.status} ${answer.text}`);
    const { frames } = (
      JSON.parse(answer.text) as { results: { A: { frames: { schema: { fields: { name: string }[] }; data: { values: string[][] } }[] } } }
    ).results.A;
    const field = (name: string): string => {
      const at = frames[0]?.schema.fields.findIndex((it) => it.name === name) ?? -1;
      return frames[0]?.data.values[at]?.[0] ?? "";
    };
    return { settings: path.basename(field("url")), secret: field("token") };
  }

  async function appSeen(): Promise<Seen> {
    const answer = await call(`${server.url}/api/plugins/${goTestApp.id}/resources/x`);
    if (answer.status !== 200) throw new Error(`app: ${answer.status} ${answer.text}`);
    const { jsonData, secrets } = JSON.parse(answer.text) as { jsonData: { generation: string }; secrets: { token: string } };
    return { settings: jsonData.generation, secret: secrets.token };
  }

  const reload = async (kind: string): Promise<void> => {
    const { status, text } = await call(`${server.url}/api/admin/provisioning/${kind}/reload`, { method: "POST" });
    expect(status, text).toBe(200);
  };

  test("are seen old or new as a whole, and never go back", { timeout: 300_000 }, async () => {
    for (const ask of [() => dataSourceSeen("one"), () => dataSourceSeen("two"), appSeen]) await until("the first generation", ask);
    const over = new AbortController();
    const asked: string[] = [];
    const seen = new Map<string, Set<string>>();
    const mixes: (Seen & { readonly name: string; readonly last: number })[] = [];

    const watch = async (name: string, ask: () => Promise<Seen>): Promise<void> => {
      const generations = new Set<string>();
      seen.set(name, generations);
      let last = 0;
      while (!over.signal.aborted) {
        const { settings, secret } = await ask().catch((thrown: unknown): Seen => ({ settings: String(thrown), secret: "" }));
        asked.push(name);
        if (settings !== secret || Number.isNaN(Number(settings)) || Number(settings) < last) mixes.push({ name, settings, secret, last });
        last = Number(settings);
        generations.add(settings);
      }
    };
    const keepReloading = async (kind: string): Promise<void> => {
      while (!over.signal.aborted) await reload(kind);
    };
    const rewrite = async (file: string, textOf: (generation: number) => string): Promise<void> => {
      for (let generation = 1; generation <= rewrites; generation += 1) {
        await ways[generation % ways.length]?.(file, textOf(generation));
        // Else nothing would ever be at rest.
        if (generation % 20 === 0) await sleep(800);
      }
    };
    const others = [
      watch("one", () => dataSourceSeen("one")),
      watch("two", () => dataSourceSeen("two")),
      watch("app", appSeen),
      ...["datasources", "datasources", "plugins"].map(keepReloading),
    ];
    await Promise.all([rewrite(dataSources, dataSourceFile), rewrite(apps, appFile)]);
    over.abort();
    await Promise.all(others);

    // A file that was seen while it was empty has no generation, and takes away what it held before.
    const isExcused = (settings: string): boolean => tooSlow.has(settings) || (tooSlow.size > 0 && settings.includes(": 404 "));
    expect(mixes.filter(({ settings }) => !isExcused(settings)).slice(0, 20)).toEqual([]);
    expect(tooSlow.size).toBeLessThan(rewrites / 2);
    expect(asked.length).toBeGreaterThan(200);
    for (const [name, generations] of seen) expect(generations.size, name).toBeGreaterThan(5);
    for (const kind of ["datasources", "plugins"]) await reload(kind);
    for (const ask of [() => dataSourceSeen("one"), () => dataSourceSeen("two"), appSeen]) {
      await until("the last generation", async () => ((await ask()).settings === String(rewrites) ? true : undefined));
    }
  });

  test("a file that stays half-written is told in one line, and what was before stays", async () => {
    const before = server.log().length;
    writeFileSync(dataSources, dataSourceFile(rewrites + 1).slice(0, 250));
    for (let times = 0; times < 3; times += 1) await reload("datasources");
    expect(await dataSourceSeen("one")).toEqual({ settings: String(rewrites), secret: String(rewrites) });
    expect(await dataSourceSeen("two")).toEqual({ settings: String(rewrites), secret: String(rewrites) });
    const lines = server
      .log()
      .slice(before)
      .split("\n")
      .filter((line) => line.includes("provisioning file"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/a\.yaml/);
  });

  test("objects that are patched a thousand times by the API are seen old or new as a whole too", { timeout: 300_000 }, async () => {
    const over = new AbortController();
    const mixes: Seen[] = [];
    const generations = new Set<string>();
    const watch = async (ask: () => Promise<Seen>): Promise<void> => {
      while (!over.signal.aborted) {
        const one = await ask();
        generations.add(one.settings);
        if (one.settings !== one.secret) mixes.push(one);
      }
    };
    const patch = async (url: string, specOf: (generation: string) => object): Promise<void> => {
      for (let count = 1; count <= rewrites / 2; count += 1) {
        const generation = String(rewrites * 2 + count);
        const body = { spec: specOf(generation), secure: { token: { create: generation } } };
        const answer = await call(url, { method: "PATCH", headers: { "content-type": "application/merge-patch+json" }, body });
        expect(answer.status, answer.text).toBe(200);
      }
    };
    const app = `${server.url}/apis/apps.grafana.app/v0alpha1/namespaces/default/appsettings/${goTestApp.id}`;
    const others = [watch(() => dataSourceSeen("one")), watch(appSeen)];
    await Promise.all([
      patch(`${dataSourcesUrl(server, goTestPlugin)}/one`, (generation) => ({ url: `http://127.0.0.1:1/${generation}` })),
      patch(app, (generation) => ({ jsonData: { generation } })),
    ]);
    over.abort();
    await Promise.all(others);
    expect(mixes.slice(0, 20)).toEqual([]);
    expect(generations.size).toBeGreaterThan(10);
  });
});
