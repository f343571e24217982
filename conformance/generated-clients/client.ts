// Calls every route of the data plane through a client that is made of the served OpenAPI document. It is compiled and run beside that
// document's types, schema.ts. Prints `METHOD /path/{template} status` for each call.
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema.js";

const [url = "", authorization = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url, headers: { authorization } });

const log: Middleware = {
  onResponse: ({ request, schemaPath, response }) => console.log(`${request.method} ${schemaPath} ${response.status}`),
};
client.use(log);

const base = "/apis/tests.example/v1";
const source = { namespace: "default", uid: "main" };
const bytes = { parseAs: "arrayBuffer" } as const;
const write = { body: '{"a":1}', bodySerializer: (body: unknown) => String(body), headers: { "content-type": "application/json" } };
const queries = { from: "now-5m", to: "now", queries: [{ refId: "A", queryType: "slow" as const, delayMs: 1 }] };

const answer = await client.POST(`${base}/namespaces/{namespace}/datasources/{uid}/query`, { params: { path: source }, body: queries });
// Of several forms of an answer this one was asked for.
const results = typeof answer.data === "object" && "results" in answer.data ? answer.data.results : {};
const rows: number | undefined = results["A"]?.frames?.length;
if (rows === undefined) throw new Error(`no frames: ${JSON.stringify(answer.data ?? answer.error)}`);
await client.POST(`${base}/namespaces/{namespace}/connections/{uid}/query`, { params: { path: source }, body: queries });
const health = await client.GET(`${base}/namespaces/{namespace}/datasources/{uid}/health`, { params: { path: source } });
const status: "OK" | "ERROR" | "UNKNOWN" | undefined = health.data?.status;
if (status !== "OK") throw new Error(`unhealthy: ${JSON.stringify(health.error)}`);
const access = await client.GET(`${base}/namespaces/{namespace}/datasources/{uid}/access`, { params: { path: source } });
if (access.data?.permissions["datasources:query"] !== true) throw new Error("an admin may not query");
await client.GET(`${base}/metrics`, { parseAs: "text" });

for (const path of [
  `${base}/namespaces/{namespace}/datasources/{uid}/resources`,
  `${base}/namespaces/{namespace}/datasources/{uid}/proxy`,
] as const) {
  const options = { params: { path: source }, ...bytes };
  await client.GET(path, options);
  await client.DELETE(path, options);
  await client.POST(path, { ...options, ...write });
  await client.PUT(path, { ...options, ...write });
  await client.PATCH(path, { ...options, ...write });
}
for (const path of [
  `${base}/namespaces/{namespace}/datasources/{uid}/resources/{path}`,
  `${base}/namespaces/{namespace}/datasources/{uid}/proxy/{path}`,
] as const) {
  const options = { params: { path: { ...source, path: "echo" } }, ...bytes };
  await client.GET(path, options);
  await client.DELETE(path, options);
  await client.POST(path, { ...options, ...write });
  await client.PUT(path, { ...options, ...write });
  await client.PATCH(path, { ...options, ...write });
}
await client.GET(`${base}/namespaces/{namespace}/datasources/{uid}/custom/{id}`, { params: { path: { ...source, id: "7" } }, ...bytes });

const thing = { apiVersion: "tests.example/v1", kind: "Thing", metadata: { name: "x", namespace: "default" }, spec: {} };
const review = {
  apiVersion: "admission.k8s.io/v1" as const,
  kind: "AdmissionReview" as const,
  request: {
    uid: "1",
    kind: { group: "tests.example", version: "v1", kind: "Thing" },
    resource: { group: "tests.example", version: "v1", resource: "things" },
    operation: "CREATE" as const,
    namespace: "default",
    object: thing,
  },
};
await client.POST(`${base}/admission/mutate`, { body: review });
await client.POST(`${base}/admission/validate`, { body: review });
await client.POST(`${base}/convert`, {
  body: {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "ConversionReview",
    request: { uid: "2", desiredAPIVersion: "tests.example/v2", objects: [thing] },
  },
});

const stream = { params: { path: { ...source, path: "tick" } } } as const;
const published = await client.POST(`${base}/namespaces/{namespace}/datasources/{uid}/stream/{path}`, { ...stream, body: { a: 1 } });
if (published.error !== undefined) throw new Error(`not published: ${JSON.stringify(published.error)}`);
const leave = new AbortController();
const live = await client.GET(`${base}/namespaces/{namespace}/datasources/{uid}/stream/{path}`, {
  ...stream,
  parseAs: "stream",
  signal: leave.signal,
});
const first = await live.data?.getReader().read();
if (first?.value === undefined) throw new Error("the stream gave nothing");
leave.abort();
