import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { createDataSource } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith, type Need } from "./testing/needs.js";
import { root, tools } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const python = path.join(tools, "python", "bin");
const needsPython: Need = {
  name: "openapi-python-client and mypy (conformance/build-tools.sh installs them)",
  isThere: () => existsSync(path.join(python, "openapi-python-client")),
};

const group = "tests.example";
const services = [
  ...["query", "stream", "datasource-proxy", "admission", "conversion"].map((type) => ({ type })),
  { type: "route", method: "GET", path: "datasources/{uid}/custom/{id}" },
];
const service = {
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name: `v1.${group}` },
  spec: { pluginID: goTestPlugin, pluginType: "datasource", group, version: "v1", services },
};

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId?: string; readonly "x-kubernetes-action"?: string }>>>>;
}

// Below the repository, so that the client finds its library.
const folder = path.join(root, ".cache", "generated-clients");
const dataPath = temporaryFolder("generated-clients");
const backend = createServer((_request, response) => void response.end("from the data source"));
let server: StartedServer;
let document: OpenApi;

describeWith([needsGoTestPlugin], "clients that are made of the served OpenAPI document", () => {
  beforeAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    installGoTestPlugin(dataPath);
    await new Promise<void>((resolve) => void backend.listen(0, "127.0.0.1", resolve));
    server = await startServer({ dataPath, env: unsignedPluginsAllowed });
    const { port } = backend.address() as AddressInfo;
    await createDataSource(server, { pluginId: goTestPlugin, uid: "main", spec: { url: `http://127.0.0.1:${port}` } });
    const created = await call(`${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices`, { body: service });
    expect(created.status).toBe(201);
    await until("the plugin runs", async () => {
      const health = await call(`${server.url}/apis/${group}/v1/namespaces/default/datasources/main/health`);
      return health.status === 200 ? true : undefined;
    });
    document = JSON.parse((await call(`${server.url}/openapi/v3/apis/${group}/v1`)).text) as OpenApi;
    writeFileSync(path.join(folder, "document.json"), JSON.stringify(document));
  });

  afterAll(async () => {
    await server.stop();
    backend.close();
    rmSync(dataPath, { recursive: true, force: true });
  });

  test("a TypeScript client type-checks and calls every route", async () => {
    writeFileSync(path.join(folder, "schema.ts"), astToString(await openapiTS(JSON.stringify(document), { defaultNonNullable: false })));
    cpSync(path.join(import.meta.dirname, "generated-clients/client.ts"), path.join(folder, "client.ts"));
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(strictProgram));
    execFileSync(path.join(root, "node_modules/.bin/tsc"), ["-p", folder], { stdio: "pipe" });
    const client = runProcess(process.execPath, ["--import", "tsx", path.join(folder, "client.ts"), server.url, admin], { env: bareEnvironment() });
    expect(await client.end, client.stdout() + client.stderr()).toEqual({ code: 0, signal: null });
    expectEveryRoute(client.stdout());
  });

  describeWith([needsPython], "a Python client", () => {
    test("type-checks and calls every route", async () => {
      const generator = ["generate", "--path", path.join(folder, "document.json"), "--output-path", path.join(folder, "plane"), "--meta", "none"];
      execFileSync(path.join(python, "openapi-python-client"), [...generator, "--overwrite"], { stdio: "pipe" });
      cpSync(path.join(import.meta.dirname, "generated-clients/client.py"), path.join(folder, "client.py"));
      execFileSync(path.join(python, "mypy"), ["--strict", "--follow-imports=silent", "client.py"], {
        cwd: folder,
        stdio: "pipe",
      });
      const client = runProcess(path.join(python, "python"), ["client.py", server.url, admin], { cwd: folder, env: bareEnvironment() });
      expect(await client.end, client.stdout() + client.stderr()).toEqual({ code: 0, signal: null });
      expectEveryRoute(client.stdout());
    });
  });
});

const strictProgram = {
  compilerOptions: { strict: true, module: "NodeNext", target: "ES2023", noEmit: true, skipLibCheck: true, types: ["node"] },
  files: ["client.ts"],
};

/** The lines name each operation that no stored resource answers, and none failed on the server's side. */
function expectEveryRoute(output: string): void {
  const lines = output.trim().split("\n");
  const called = lines.map((line) => line.split(" ").slice(0, 2).join(" "));
  const wanted = Object.entries(document.paths).flatMap(([route, item]) =>
    Object.entries(item).flatMap(([method, operation]) =>
      operation.operationId !== undefined && operation["x-kubernetes-action"] === undefined ? [`${method.toUpperCase()} ${route}`] : [],
    ),
  );
  expect([...new Set(called)].toSorted()).toEqual(wanted.toSorted());
  expect(lines.filter((line) => Number(line.split(" ")[2]) >= 500)).toEqual([]);
}
