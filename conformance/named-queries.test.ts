import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, call } from "./testing/call.js";
import { type Kubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { runExample } from "./testing/run-example.js";
import { type ProcessEnd, runProcess } from "./testing/run-process.js";
import { type StartedServer, serverEnvironment, startServer } from "./testing/start-server.js";

const query = `
apiVersion: query.grafana.app/v0alpha1
kind: Query
metadata:
  name: walk
  namespace: default
spec:
  title: A walk of one series
  datasource: {type: grafana-testdata-datasource, uid: testdata}
  queries:
    - {refId: A, scenarioId: csv_metric_values, alias: {$param: name}, tag: '{"name":"\${param.name}"}', stringInput: "1,2,\${param.last}"}
  parameters:
    - {name: name, type: string, required: true, maxLength: 20, escape: json-string}
    - {name: last, type: integer, default: 3, minimum: 0}
  allow: {users: [vic]}
`;

describeWith([needsKubectl("newest")], "named queries, of the whole server", () => {
  let server: StartedServer;
  let kubectl: Kubectl;

  beforeAll(async () => {
    server = await startServer();
    kubectl = openKubectl("newest", server.kubeconfig);
    for (const [name, groups] of [
      ["vic", "dataplane:viewer"],
      ["mallory", "dataplane:viewer"],
      ["nobody", "guests"],
    ] as const) {
      expect(await users(["add", name, "--groups", groups], `${name}'s password`)).toMatchObject({ code: 0 });
    }
  });

  afterAll(async () => {
    await server.stop();
  });

  /** `dataplane users …`, as an operator runs it beside the server. */
  const users = async (parameters: readonly string[], stdin = ""): Promise<ProcessEnd & { readonly output: string }> => {
    const command = path.join(root, "packages/cli/bin/dataplane.mjs");
    const running = runProcess(process.execPath, [command, "users", ...parameters], { env: serverEnvironment(server.dataPath), stdin });
    return { ...(await running.end), output: running.stdout() + running.stderr() };
  };

  const as = (name: string, sub: string, body: object): Promise<Answer> =>
    call(`${server.url}/apis/query.grafana.app/v0alpha1/namespaces/default/${sub}`, {
      body,
      headers: { authorization: `Basic ${Buffer.from(`${name}:${name}'s password`).toString("base64")}` },
    });

  test("kubectl stores one, and says what is wrong with one that could be more than it says", async () => {
    expect(await kubectl.ok(["apply", "-f", "-"], { stdin: query })).toContain("query.query.grafana.app/walk created");
    expect(await kubectl.ok(["get", "queries"])).toMatch(/walk\s+testdata\s+grafana-testdata-datasource\s+name,last/);
    const open = query.replace(", escape: json-string", "").replace("name: walk", "name: open");
    const refused = await kubectl.run(["apply", "-f", "-"], { stdin: open });
    expect(refused.stderr).toContain("spec.queries[0].tag");
    expect(await kubectl.ok(["explain", "queries.spec.parameters"])).toContain("escape");
  });

  test("a viewer who is listed runs it with values; they go where they belong", async () => {
    const answer = await as("vic", "queries/walk/run", { parameters: { name: 'a "quoted" one', last: 7 }, from: "now-1m" });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"results"')]);
    expect(answer.text).toContain("[1,2,7]");
    const lines = await fetch(`${server.url}/apis/query.grafana.app/v0alpha1/namespaces/default/queries/walk/run`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from("vic:vic's password").toString("base64")}`,
        accept: "text/csv",
        "content-type": "application/json",
      },
      body: JSON.stringify({ parameters: { name: "csv" } }),
    });
    expect([lines.status, lines.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/csv")]);
  });

  test("values that are wrong are 422 with a cause for each", async () => {
    const answer = await as("vic", "queries/walk/run", { parameters: { last: -1, more: 1 } });
    expect(answer.status).toBe(422);
    for (const field of ["parameters.name", "parameters.last", "parameters.more"]) expect(answer.text).toContain(field);
  });

  test("who is not listed may not run it, and viewers write none", async () => {
    expect((await as("mallory", "queries/walk/run", { parameters: { name: "x" } })).status).toBe(403);
    expect((await as("nobody", "queries/walk/run", { parameters: { name: "x" } })).status).toBe(403);
    const object = { apiVersion: "query.grafana.app/v0alpha1", kind: "Query", metadata: { name: "mine" }, spec: {} };
    expect((await as("vic", "queries", object)).status).toBe(403);
  });

  test("a run is in discovery and in OpenAPI", async () => {
    const resources = await kubectl.ok(["get", "--raw", "/apis/query.grafana.app/v0alpha1"]);
    expect(resources).toContain('"queries/run"');
    const document = await kubectl.ok(["get", "--raw", "/openapi/v3/apis/query.grafana.app/v0alpha1"]);
    expect(document).toContain("namespaces/{namespace}/queries/{name}/run");
  });

  test("examples/named-query.sh works with kubectl and curl alone", async () => {
    const printed = await runExample("named-query.sh", server, { parameters: [server.url] });
    expect(printed).toContain("[1,2,7]");
    expect(printed).toMatch(/parameters\.job[^]*parameters\.last[^]*\n422\n/);
  });

  test("users come and go while the server runs, and the last admin stays", async () => {
    expect((await users(["ls"])).output).toContain("vic\tdataplane:viewer");
    expect(await users(["add", "vic"], "again")).toMatchObject({ code: 1, output: expect.stringContaining("already") as string });
    expect(await users(["add", "root", "--groups", "system:masters"], "x")).toMatchObject({ code: 1 });
    expect(await users(["remove", "admin"])).toMatchObject({ code: 1, output: expect.stringContaining("last admin") as string });
    expect(await users(["remove", "vic"])).toMatchObject({ code: 0 });
    expect((await as("vic", "queries/walk/run", { parameters: { name: "x" } })).status).toBe(401);
  });
});
