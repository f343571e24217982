import { renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call, type Json } from "./testing/call.js";
import { type CertificateAuthority, type CertificateFiles, openAuthority } from "./testing/certificate-authority.js";
import { type ClientWish, issueClient } from "./testing/client-certificate.js";
import { kubectlVersions, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { root } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";
import { type StartedServer, serverEnvironment, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

describeWith(kubectlVersions.map(needsKubectl), "client certificates and proxies in front", () => {
  let server: StartedServer;
  let authority: CertificateAuthority;
  let foreign: CertificateFiles;
  const folder = temporaryFolder("clients");
  const served = { key: path.join(folder, "served.key"), cert: path.join(folder, "served.crt") };
  const ca = path.join(folder, "ca.crt");

  const inKeys = (name: string): CertificateFiles => ({
    key: path.join(server.dataPath, "keys", `${name}.key`),
    cert: path.join(server.dataPath, "keys", `${name}.crt`),
  });
  const clientOf = (wish: ClientWish): Promise<CertificateFiles> => issueClient(folder, wish);

  /** Each file at one stroke. */
  const serve = async (files: CertificateFiles): Promise<void> => {
    for (const half of ["key", "cert"] as const) {
      writeFileSync(`${served[half]}.new`, (await readFile(files[half], "utf8")) + (half === "cert" ? authority.ca : ""));
      renameSync(`${served[half]}.new`, served[half]);
    }
  };

  const env = { GF_GRAFANA_APISERVER_TLS_CERT_FILE: served.cert, GF_GRAFANA_APISERVER_TLS_PRIVATE_KEY_FILE: served.key };

  beforeAll(async () => {
    authority = await openAuthority();
    writeFileSync(ca, authority.ca);
    foreign = await clientOf({ subject: "/CN=data-plane-aggregator-front-proxy-ca", usage: "authority" });
    await serve(await authority.issue("first", ["DNS:localhost", "IP:127.0.0.1"]));
    server = await startServer({ env });
  });

  afterAll(async () => {
    await server.stop();
    authority.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Asking {
    readonly client?: CertificateFiles;
    readonly headers?: readonly string[];
    readonly over?: "http1.1" | "http2";
    readonly url?: string;
  }

  /** Who the server says one is, asked by curl: the status of the answer, and the user where there is one. */
  async function whoAmI({ client, headers = [], over = "http2", url = server.httpsUrl }: Asking) {
    const shown = client === undefined ? [] : ["--key", client.key, "--cert", client.cert];
    const sent = ["content-type: application/json", ...headers].flatMap((header) => ["-H", header]);
    const parameters = ["-sS", `--${over}`, "--cacert", ca, ...shown, ...sent, "-d", "{}", "-w", "\n%{http_code}", url + reviews];
    const curl = runProcess("curl", parameters, { env: bareEnvironment() });
    expect((await curl.end).code, curl.stderr()).toBe(0);
    const end = curl.stdout().lastIndexOf("\n");
    const answer = JSON.parse(curl.stdout().slice(0, end)) as Json;
    return { status: Number(curl.stdout().slice(end)), user: answer["status"]?.["userInfo"] };
  }

  const run = (...parameters: readonly string[]) =>
    runProcess(process.execPath, [path.join(root, "conformance", "testing", "serve.mjs"), ...parameters], {
      env: serverEnvironment(server.dataPath, env),
    });

  test.each(kubectlVersions)(
    "a kubeconfig from the command line is good for kubectl %s, with the rights of its groups and no more",
    async (version) => {
      const issued = run("certs", "issue", "ann", "--groups", "dataplane:viewer,dev", "--days", "1");
      expect((await issued.end).code, issued.stderr()).toBe(0);
      const file = path.join(folder, `ann-${version}.kubeconfig`);
      writeFileSync(file, issued.stdout());
      const kubectl = openKubectl(version, file);
      const who = JSON.parse(await kubectl.ok(["auth", "whoami", "-o", "json"])) as Json;
      expect(who["status"]?.["userInfo"]).toMatchObject({ username: "ann", groups: ["dataplane:viewer", "dev", "system:authenticated"] });
      expect(await kubectl.ok(["get", "configmaps", "-n", "kube-system", "-o", "name"])).toContain("configmap/extension-apiserver-authentication");
      const refused = await kubectl.run(["create", "configmap", "mine"]);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('User "ann" cannot create resource "configmaps"')]);
    },
  );

  test("the command refuses groups that only the server gives, and lives that outlast the authority", async () => {
    for (const [parameters, message] of [
      [["eve", "--groups", "system:masters"], "groups that begin with system:"],
      [["eve", "--days", "9999"], "--days is a whole number from 1 to 730"],
      [["system:apiserver"], "a name is letters, digits"],
    ] as const) {
      const refused = run("certs", "issue", ...parameters);
      expect([(await refused.end).code, refused.stdout()]).toEqual([1, ""]);
      expect(refused.stderr()).toContain(message);
    }
  });

  test.each(["http1.1", "http2"] as const)("a certificate that openssl signed by the server's client authority is a user, over %s", async (over) => {
    const client = await clientOf({ subject: "/O=dev/O=on-call/CN=bob", authority: inKeys("client-ca") });
    const { status, user } = await whoAmI({ client, over });
    expect(status).toBe(201);
    expect(user).toMatchObject({ username: "bob", groups: ["dev", "on-call", "system:authenticated"] });
    expect(user?.["extra"]?.["authentication.kubernetes.io/credential-id"]?.["0"]).toMatch(/^X509SHA256=[0-9a-f]{64}$/);
  });

  test("certificates of others, or past their time, are nobody; a password beside them still counts", async () => {
    for (const wish of [
      { subject: "/CN=bob" },
      { subject: "/CN=bob", authority: inKeys("client-ca"), days: -1 },
      { subject: "/CN=bob", authority: inKeys("client-ca"), usage: "serverAuth" as const },
      { subject: "/CN=bob", authority: foreign },
      { subject: "/CN=bob", authority: inKeys("front-proxy-ca") },
    ]) {
      const client = await clientOf(wish);
      expect((await whoAmI({ client })).status, JSON.stringify(wish)).toBe(401);
      expect((await whoAmI({ client, headers: [`authorization: ${admin}`] })).user, JSON.stringify(wish)).toMatchObject({ username: "admin" });
    }
  });

  const remote = ["X-Remote-User: zoë", "X-Remote-Group: a, b", "X-Remote-Group: c", "X-Remote-Uid: u1", "X-Remote-Extra-Example.com%2fscope: s"];

  test.each(["http1.1", "http2"] as const)("the front proxy's certificate says who asks, over %s", async (over) => {
    const { status, user } = await whoAmI({ client: inKeys("front-proxy-client"), headers: remote, over });
    expect([status, user]).toEqual([
      201,
      { username: "zoë", uid: "u1", groups: ["a, b", "c", "system:authenticated"], extra: { "example.com/scope": ["s"] } },
    ]);
    expect((await whoAmI({ client: inKeys("front-proxy-client"), over })).status).toBe(401);
  });

  const proxyName = "/CN=front-proxy-client";
  const forgeries: readonly (readonly [string, () => Promise<Asking>])[] = [
    ["no certificate", () => Promise.resolve({})],
    ["the right name by another authority", async () => ({ client: await clientOf({ subject: proxyName, authority: foreign }) })],
    ["the right name by the authority of users", async () => ({ client: await clientOf({ subject: proxyName, authority: inKeys("client-ca") }) })],
    ["the right name by itself", async () => ({ client: await clientOf({ subject: proxyName }) })],
    ["another name", async () => ({ client: await clientOf({ subject: "/CN=front-proxy", authority: inKeys("front-proxy-ca") }) })],
    ["a certificate that has ended", async () => ({ client: await clientOf({ subject: proxyName, authority: inKeys("front-proxy-ca"), days: -1 }) })],
    [
      "a certificate for servers alone",
      async () => ({ client: await clientOf({ subject: proxyName, authority: inKeys("front-proxy-ca"), usage: "serverAuth" }) }),
    ],
    ["HTTP in the clear", () => Promise.resolve({ url: server.url, over: "http1.1", client: inKeys("front-proxy-client") })],
  ];
  const asRoot = ["X-Remote-User: system:apiserver", "X-Remote-Group: system:masters"];

  test.each(forgeries)("whom X-Remote-* names is nobody with %s, and no more than himself where he logs in", async (_name, asking) => {
    const shown = await asking();
    const { status, user } = await whoAmI({ ...shown, headers: asRoot });
    // A certificate of the users' authority makes its holder that user, whatever he says.
    if (status === 201) expect(user).toMatchObject({ username: "front-proxy-client", groups: ["system:authenticated"] });
    else expect(status).toBe(401);
    const withPassword = await whoAmI({ ...shown, headers: [...asRoot, `authorization: ${admin}`] });
    expect(["admin", "front-proxy-client"]).toContain(withPassword.user?.["username"]);
  });

  test("extension servers read whom to believe in Kubernetes' own words, and it is mended when somebody breaks it", async () => {
    const url = `${server.url}/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication`;
    const pem = (name: string): Promise<string> => readFile(inKeys(name).cert, "utf8");
    const expected = {
      "client-ca-file": await pem("client-ca"),
      "requestheader-client-ca-file": await pem("front-proxy-ca"),
      "requestheader-allowed-names": '["front-proxy-client"]',
      "requestheader-username-headers": '["X-Remote-User"]',
      "requestheader-uid-headers": '["X-Remote-Uid"]',
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    };
    expect((await call(url)).json()["data"]).toEqual(expected);
    await call(url, { method: "DELETE" });
    await until("it is there again", async () => ((await call(url)).status === 200 ? true : undefined));
    await call(url, {
      method: "PATCH",
      body: { data: { "client-ca-file": "broken", mine: "kept" } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    await until("it is mended", async () => ((await call(url)).text.includes(JSON.stringify(expected["client-ca-file"])) ? true : undefined));
    expect((await call(url)).json()["data"]).toEqual({ ...expected, mine: "kept" });
    const role = await call(`${server.url}/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader`);
    expect(role.json()["rules"]).toEqual([
      { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["extension-apiserver-authentication"] },
    ]);
  });

  test("a serving certificate is exchanged while kubectl works: no request fails, and clients are shown the new one", async () => {
    const kubectl = openKubectl("newest", server.kubeconfig);
    const watch = kubectl.start(["get", "configmaps", "--watch", "-o", "name"]);
    const shown = async (): Promise<string> => {
      const client = runProcess("openssl", ["s_client", "-connect", new URL(server.httpsUrl).host, "-showcerts"], {
        env: bareEnvironment(),
        stdin: "",
      });
      await client.end;
      return /subject=.*?CN ?= ?([\w-]+)/.exec(client.stdout())?.[1] ?? "";
    };
    const done = new AbortController();
    const load = async (): Promise<number> => {
      let answered = 0;
      while (!done.signal.aborted) {
        expect((await whoAmI({ headers: [`authorization: ${admin}`] })).status).toBe(201);
        answered += 1;
      }
      return answered;
    };
    const loads = Promise.all([load(), load()]);
    for (const name of ["second", "third", "fourth"]) {
      await serve(await authority.issue(name, ["DNS:localhost", "IP:127.0.0.1"]));
      await until(`${name} is shown`, async () => ((await shown()) === name ? true : undefined));
    }
    done.abort();
    expect(Math.min(...(await loads))).toBeGreaterThan(3);
    await kubectl.ok(["create", "configmap", "seen"]);
    await until("the watch that began before goes on", () => (watch.stdout().includes("configmap/seen") ? true : undefined));
    watch.child.kill();
  });
});
