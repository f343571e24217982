import { cpSync, existsSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, call } from "./testing/call.js";
import { createDataSource, dataSourcesUrl, query } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith, type Need } from "./testing/needs.js";
import { tools } from "./testing/root.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";

// A plugin written with the Go SDK and its twin written with ours, behind the same server: who asks cannot tell which one answers.
const twin = "acme-testplugin-ts-datasource";
const built = path.join(tools, "testplugin-ts", twin);
const needsTwin: Need = {
  name: "the test plugin in TypeScript (conformance/build-tools.sh bundles it)",
  isThere: () => existsSync(path.join(built, "main.mjs")),
};

interface Side {
  readonly pluginId: string;
  /** Ends its data sources' uids: one uid is one data source of a namespace. */
  readonly name: string;
  /** Of the kinds that its hooks are asked about. */
  readonly group: string;
}
const sides: readonly Side[] = [
  { pluginId: goTestPlugin, name: "go", group: "things-go.example.com" },
  { pluginId: twin, name: "ts", group: "things-ts.example.com" },
];

describeWith([needsGoTestPlugin, needsTwin], "the same cases behind the server, in Go and in TypeScript", () => {
  const dataPath = temporaryFolder("both-plugins");
  let server: StartedServer;

  beforeAll(async () => {
    installGoTestPlugin(dataPath);
    cpSync(built, path.join(dataPath, "plugins", twin), { recursive: true });
    server = await startServer({ dataPath, env: unsignedPluginsAllowed });
    for (const { pluginId, name, group } of sides) {
      await createDataSource(server, { pluginId, uid: `one-${name}`, secrets: { token: "s3cret" } });
      await createDataSource(server, { pluginId, uid: `ill-${name}`, spec: { jsonData: { healthy: false } } });
      const services = [{ type: "admission" }, { type: "conversion" }];
      const answer = await call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices`, {
        body: {
          apiVersion: "aggregation.grafana.app/v0alpha1",
          kind: "DataPlaneService",
          metadata: { name: `v1.${group}` },
          spec: { pluginID: pluginId, pluginType: "datasource", group, version: "v1", services },
        },
      });
      expect(answer.status, answer.text).toBe(201);
    }
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataPath, { recursive: true, force: true });
  });

  /** What each side makes of a request, as one text; what must differ is named alike. */
  async function both(ask: (side: Side) => Promise<Answer>): Promise<readonly [string, string]> {
    const texts: string[] = [];
    for (const side of sides) {
      const { status, headers, text } = await ask(side);
      const type = headers.get("content-type")?.toLowerCase() ?? "";
      const alike = text.replaceAll(side.pluginId, "ID").replaceAll(side.group, "GROUP").replaceAll(`-${side.name}`, "-SIDE");
      texts.push(`${status} ${type} ${alike}`);
    }
    const [go = "", typeScript = ""] = texts;
    return [go, typeScript];
  }

  function expectSame([go, typeScript]: readonly [string, string]): void {
    let at = 0;
    while (at < go.length && go[at] === typeScript[at]) at += 1;
    // One comparison of texts: a difference of megabytes would be printed for minutes.
    expect(typeScript === go, `from ${at}: ${go.slice(at - 60, at + 200)} | ${typeScript.slice(at - 60, at + 200)}`).toBe(true);
  }

  const at =
    (uid: string, rest: string) =>
    ({ pluginId, name }: Side) =>
      call(`${dataSourcesUrl(server, pluginId)}/${uid}-${name}/${rest}`);

  const range = { from: "1704067200000", to: "1704070800000" };
  const cases: readonly { readonly name: string; readonly queries: readonly object[] }[] = [
    { name: "small", queries: [{ refId: "A", queryType: "small" }] },
    { name: "large", queries: [{ refId: "A", queryType: "large" }] },
    { name: "every type of field", queries: [{ refId: "A", queryType: "types" }] },
    { name: "no rows", queries: [{ refId: "A", queryType: "rows", rows: 0 }] },
    { name: "what reached the plugin", queries: [{ refId: "A", queryType: "echo" }] },
    { name: "an error", queries: [{ refId: "A", queryType: "error" }] },
    { name: "an unknown type", queries: [{ refId: "A", queryType: "unheard" }] },
    {
      name: "several at once",
      queries: [
        { refId: "A", queryType: "types" },
        { refId: "B", queryType: "error" },
        { refId: "C", queryType: "rows", rows: 3 },
      ],
    },
  ];

  test.each(cases)("queries: $name", async ({ queries }) => {
    expectSame(await both(({ pluginId, name }) => query(server, { pluginId, uid: `one-${name}` }, queries, { body: { ...range, queries } })));
  });

  test.each(["text/csv", "application/vnd.apache.arrow.stream"])("queries: %s", async (accept) => {
    const queries = [{ refId: "A", queryType: "rows", rows: 100 }];
    const body = { ...range, queries };
    const [go, typeScript] = await both(({ pluginId, name }) =>
      query(server, { pluginId, uid: `one-${name}` }, queries, { body, headers: { accept } }),
    );
    expect(go).toMatch(/^200 /);
    // Arrow's metadata may stand in another order; it is read elsewhere.
    if (accept === "text/csv") expectSame([go, typeScript]);
    else expect(typeScript.split(" ").slice(0, 2)).toEqual(go.split(" ").slice(0, 2));
  });

  test.each([
    { queryType: "chunks", chunks: 4, chunkRows: 3 },
    { queryType: "chunks-error", chunks: 2, chunkRows: 1 },
    { queryType: "interleaved", chunks: 2, chunkRows: 2 },
  ])("queries as lines: $queryType", async (asked) => {
    const queries = [{ refId: "A", ...asked }];
    const body = { ...range, queries };
    expectSame(
      await both(({ pluginId, name }) => query(server, { pluginId, uid: `one-${name}` }, queries, { body, headers: { accept: "text/jsonl" } })),
    );
  });

  test.each(["one", "ill"])("health: %s", async (uid) => {
    expectSame(await both(at(uid, "health")));
  });

  test.each(["resources/status/404", "resources/chunks/20", "resources/chunks/0"])("%s", async (rest) => {
    expectSame(await both(at("one", rest)));
  });

  test("a resource that is posted to", async () => {
    const [go, typeScript] = await both(({ pluginId, name }) =>
      call(`${dataSourcesUrl(server, pluginId)}/one-${name}/resources/some/path?a=1`, { body: { hello: "<world>" }, headers: { "x-one": "1" } }),
    );
    const parts = (text: string): unknown => {
      const { headers: _, ...rest } = JSON.parse(text.slice(text.indexOf("{"))) as { readonly headers: unknown };
      return rest;
    };
    expect(parts(typeScript)).toEqual(parts(go));
  });

  test.each(["count/20", "denied", "nowhere"])("a stream as JSON lines: %s", async (channel) => {
    const lines = ({ pluginId, name }: Side) => streamed(`${dataSourcesUrl(server, pluginId)}/one-${name}/stream/${channel}`);
    expectSame(await both(lines));
  });

  /** What a channel says at first: streams are begun anew when they end, so only the start can be compared. */
  async function streamed(url: string): Promise<Answer> {
    const left = new AbortController();
    const response = await fetch(url, {
      headers: { authorization: `Basic ${btoa("admin:admin")}`, accept: "application/jsonl" },
      signal: left.signal,
    });
    let text = "";
    try {
      const decoder = new TextDecoder();
      for await (const piece of response.body ?? []) {
        text += decoder.decode(piece, { stream: true });
        if (text.split("\n").length > 5) break;
      }
    } finally {
      left.abort();
    }
    const start = text.split("\n").slice(0, 5).join("\n");
    return { status: response.status, headers: response.headers, text: start, json: () => JSON.parse(start) as never };
  }

  const thing = (group: string, spec: object) => ({ apiVersion: `${group}/v1`, kind: "Thing", metadata: { name: "x", namespace: "default" }, spec });

  test.each([{}, { warn: "careful" }, { deny: "not on Fridays" }])("admission: %j", async (spec) => {
    for (const step of ["validate", "mutate"]) {
      expectSame(
        await both(({ group }) => {
          const kind = { group, version: "v1", kind: "Thing" };
          const resource = { group, version: "v1", resource: "things" };
          const request = { uid: "u-1", kind, resource, operation: "CREATE", object: thing(group, spec) };
          const body = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
          return call(`${server.url}/apis/${group}/v1/admission/${step}`, { body }).then(withReadablePatch);
        }),
      );
    }
  });

  /** The patch is base64, which hides what must differ. */
  function withReadablePatch(answer: Answer): Answer {
    const text = answer.text.replace(/"patch":\s*"([^"]+)"/, (_, patch: string) => Buffer.from(patch, "base64").toString());
    return { ...answer, text };
  }

  test.each([{ title: "a" }, { deny: "not this one" }])("conversion: %j", async (spec) => {
    expectSame(
      await both(({ group }) => {
        const request = { uid: "c-1", desiredAPIVersion: `${group}/v2`, objects: [thing(group, spec), thing(group, { title: "b" })] };
        return call(`${server.url}/apis/${group}/v1/convert`, { body: { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", request } });
      }),
    );
  });
});
