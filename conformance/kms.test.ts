import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { call } from "./testing/call.js";
import { describeWith, type Need } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { bareEnvironment, type RunningProcess, runProcess } from "./testing/run-process.js";
import { serverEnvironment, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const program = path.join(root, ".cache", "tools", "kms-plugin");
const needsPlugin: Need = { name: "a kms plugin (conformance/build-tools.sh builds it)", isThere: () => existsSync(program) };

describeWith([needsPlugin], "a kms v2 plugin on Kubernetes' own library", () => {
  test("seals Secrets; while it is away they are read and written on, and a start is refused in clear words", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "dataplane-kms-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [socket, keys, file, dataPath] = ["kms.sock", "keys", "encryption.yaml", "data"].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    writeFileSync(keys, "first-word\n");
    writeFileSync(
      file,
      `kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
  - resources: [secrets]
    providers:
      - kms: { apiVersion: v2, name: vault, endpoint: "unix://${socket}" }
      - identity: {}
`,
    );
    const env = { GF_PLUGINS_AUTO_REGISTER: "false", GF_GRAFANA_APISERVER_ENCRYPTION_PROVIDER_CONFIG: file };
    const begin = async (): Promise<RunningProcess> => {
      rmSync(socket, { force: true });
      const plugin = runProcess(program, ["-socket", socket, "-keys", keys], { env: bareEnvironment() });
      await until("the plugin listens", () => (existsSync(socket) ? true : undefined));
      return plugin;
    };
    let plugin = await begin();
    onTestFinished(() => void plugin.child.kill("SIGKILL"));
    const secretsOf = (url: string): string => `${url}/api/v1/namespaces/default/secrets`;
    const create = async (url: string, name: string): Promise<number> =>
      (await call(secretsOf(url), { body: { metadata: { name }, stringData: { password: "canary-below-a-kms" } } })).status;

    const server = await startServer({ dataPath, env });
    expect(await create(server.url, "a")).toBe(201);
    plugin.child.kill("SIGKILL");
    await plugin.end;
    expect((await call(secretsOf(server.url))).json()["items"]).toHaveLength(1);
    expect(await create(server.url, "b")).toBe(201);
    expect((await server.stop()).code).toBe(0);
    const files = readdirSync(dataPath).filter((name) => name.startsWith("dataplane.db"));
    const stored = Buffer.concat(files.map((name) => readFileSync(path.join(dataPath, name))));
    expect(stored.includes("k8s:enc:kms:v2:vault:")).toBe(true);
    for (const plain of ["canary-below-a-kms", Buffer.from("canary-below-a-kms").toString("base64")]) expect(stored.includes(plain)).toBe(false);

    const refused = runProcess(process.execPath, [path.join(root, "conformance", "testing", "serve.mjs")], { env: serverEnvironment(dataPath, env) });
    expect((await refused.end).code).toBe(1);
    expect(refused.stderr()).toContain(`the kms plugin vault at ${socket} does not answer`);

    // Another key of the service: what the one before sealed is opened by it as long as it is there, and rewritten: then it may go.
    writeFileSync(keys, "second-word\nfirst-word\n");
    plugin = await begin();
    const again = await startServer({ dataPath, env });
    expect((await call(secretsOf(again.url))).json()["items"]).toHaveLength(2);
    expect(await create(again.url, "c")).toBe(201);
    await until("all is rewritten", () => (again.log().includes("everything is stored as configured") ? true : undefined));
    writeFileSync(keys, "second-word\n");
    expect((await call(secretsOf(again.url))).json()["items"]).toHaveLength(3);
    expect((await again.stop()).code).toBe(0);
    const without = await startServer({ dataPath, env });
    expect((await call(secretsOf(without.url))).json()["items"]).toHaveLength(3);
    expect((await without.stop()).code).toBe(0);
    plugin.child.kill("SIGKILL");
  });
});
