import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { groups } from "./generated-clients/groups.js";
import { answerAsBackend } from "./generated-clients/http-backend.js";
import { callsOf, type OpenApi, type OperationCall, typeScriptProgram } from "./generated-clients/operations.js";
import { admin, call } from "./testing/call.js";
import { goTestApp, unsignedPluginsAllowed } from "./testing/install-plugin.js";
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

// Below the repository, so that the clients find their libraries.
const folder = path.join(root, ".cache", "generated-clients-groups");
const dataPath = temporaryFolder("generated-clients-groups");
const backend = createServer(answerAsBackend);
let server: StartedServer;

describeWith(goTestApp.needs, "clients of every kind of group that is served", () => {
  beforeAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    goTestApp.install(dataPath);
    runTool(process.execPath, [path.join(import.meta.dirname, "generated-clients/app/build.mjs"), path.join(dataPath, "plugins")]);
    await new Promise<void>((resolve) => void backend.listen(0, "127.0.0.1", resolve));
    const { port } = backend.address() as AddressInfo;
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_DATAPROXY_ALLOW_ADDRESSES: `127.0.0.1:${port}` } });
    for (const { needs = () => [] } of groups) {
      for (const { url, object } of needs({ backendUrl: `http://127.0.0.1:${port}` })) {
        const created = await call(`${server.url}/apis/${url}`, { body: object });
        expect(created.status, created.text).toBe(201);
      }
    }
    for (const group of ["apps.example", "fewer.example"]) {
      await until("the app runs", async () => {
        const health = await call(`${server.url}/apis/${group}/v1/namespaces/default/health`);
        return health.status === 200 ? true : undefined;
      });
    }
  });

  afterAll(async () => {
    await server.stop();
    backend.close();
    rmSync(dataPath, { recursive: true, force: true });
  });

  for (const { title, groupVersion, values, expected } of groups) {
    const own = path.join(folder, groupVersion.replace("/", "_"));

    const prepared = async (): Promise<{ readonly document: OpenApi; readonly calls: readonly OperationCall[] }> => {
      mkdirSync(own, { recursive: true });
      const { text } = await call(`${server.url}/openapi/v3/apis/${groupVersion}`);
      writeFileSync(path.join(own, "document.json"), text);
      const document = JSON.parse(text) as OpenApi;
      return { document, calls: callsOf(document, values) };
    };

    /** Each operation was called once, and answered as it should be, with a status that the document has. */
    const expectAnswers = (language: string, output: string, { document, calls }: Awaited<ReturnType<typeof prepared>>): void => {
      const answers = Object.fromEntries(
        output
          .trim()
          .split("\n")
          .map((line) => line.split(" ") as [string, string]),
      );
      const described = new Map(
        Object.values(document.paths).flatMap((item) => Object.values(item).map((it) => [it.operationId, Object.keys(it.responses ?? {})])),
      );
      const wrong = calls.filter(({ operationId, answer }) => {
        const status = answers[operationId] ?? "none";
        const statuses = described.get(operationId) ?? [];
        // Python asks for a stream that is not there.
        const wanted = expected?.[operationId] ?? (answer === "stream" && language === "Python" ? 404 : undefined);
        const asWanted = wanted === undefined ? /^2/.test(status) : status === String(wanted);
        return !asWanted || !(statuses.includes(status) || statuses.includes("default"));
      });
      expect(wrong.map(({ operationId }) => `${operationId} ${answers[operationId] ?? "none"}`)).toEqual([]);
      expect(Object.keys(answers).toSorted()).toEqual(calls.map(({ operationId }) => operationId).toSorted());
      console.log(`${title}, ${language}: ${calls.length} operations called`);
    };

    test(`${title}: a TypeScript client type-checks and calls every operation`, async () => {
      const ready = await prepared();
      const types = await openapiTS(JSON.stringify(ready.document), { defaultNonNullable: false, emptyObjectsUnknown: true });
      writeFileSync(path.join(own, "schema.ts"), astToString(types));
      writeFileSync(path.join(own, "calls.ts"), typeScriptProgram(ready.calls));
      writeFileSync(path.join(own, "tsconfig.json"), JSON.stringify(strictProgram));
      runTool(path.join(root, "node_modules/.bin/tsc"), ["-p", own]);
      const client = runProcess(process.execPath, ["--import", "tsx", path.join(own, "calls.ts"), server.url, admin], { env: bareEnvironment() });
      expect(await client.end, client.stdout() + client.stderr()).toEqual({ code: 0, signal: null });
      expectAnswers("TypeScript", client.stdout(), ready);
    });

    describeWith([needsPython], "Python", () => {
      test(`${title}: a Python client type-checks and calls every operation`, async () => {
        const ready = await prepared();
        writeFileSync(path.join(own, "calls.json"), JSON.stringify(ready.calls));
        const generator = ["generate", "--path", path.join(own, "document.json"), "--output-path", path.join(own, "plane"), "--meta", "none"];
        const said = runTool(path.join(python, "openapi-python-client"), [...generator, "--overwrite"]);
        expect(said).not.toMatch(/warning|unable/i);
        const writer = path.join(import.meta.dirname, "generated-clients/write_calls.py");
        const written = runTool(path.join(python, "python"), [writer, "calls.json"], { cwd: own, env: bareEnvironment({ PYTHONPATH: own }) });
        writeFileSync(path.join(own, "calls.py"), written);
        runTool(path.join(python, "mypy"), ["--strict", "--follow-imports=silent", "calls.py"], { cwd: own });
        const client = runProcess(path.join(python, "python"), ["calls.py", server.url, admin], { cwd: own, env: bareEnvironment() });
        expect(await client.end, client.stdout() + client.stderr()).toEqual({ code: 0, signal: null });
        expectAnswers("Python", client.stdout(), ready);
      });
    });
  }
});

const strictProgram = {
  compilerOptions: { strict: true, module: "NodeNext", target: "ES2023", noEmit: true, skipLibCheck: true, types: ["node"] },
  files: ["calls.ts"],
};

/** What the tool printed; throws with it when it failed. */
function runTool(command: string, parameters: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): string {
  try {
    return execFileSync(command, parameters, { stdio: "pipe", encoding: "utf8", ...options });
  } catch (thrown) {
    const { stdout = "", stderr = "" } = thrown as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${path.basename(command)} failed:\n${stdout}${stderr}`, { cause: thrown });
  }
}
