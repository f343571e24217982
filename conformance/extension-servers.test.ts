import { request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { type CertificateAuthority, openAuthority } from "./testing/certificate-authority.js";
import { type Etcd, type ExtensionServer, needsExtensionServers, startEtcd, startExtensionServer } from "./testing/extension-server.js";
import { type Kubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { openStream } from "./testing/open-stream.js";
import { type StartedServer, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const needs = [...needsExtensionServers, needsKubectl("newest")];

const flunder = (name: string, namespace = "default") =>
  JSON.stringify({ apiVersion: "wardle.example.com/v1alpha1", kind: "Flunder", metadata: { name, namespace }, spec: { reference: "x" } });

describeWith(needs, "API servers built on k8s.io/apiserver, registered by APIService", () => {
  let server: StartedServer;
  let kubectl: Kubectl;
  let authority: CertificateAuthority;
  let etcd: Etcd;
  let sample: ExtensionServer;
  let metrics: ExtensionServer;

  const certificate = (name: string) => authority.issue(name, [`DNS:${name}.default.svc`, "DNS:localhost", "IP:127.0.0.1"]);
  const startSample = async (port?: number): Promise<ExtensionServer> =>
    startExtensionServer({
      ...{ which: "sample", kubeconfig: server.kubeconfig, certificate: await certificate("sample"), etcd: etcd.url },
      ...(port === undefined ? {} : { port }),
    });

  /** A Service of that name for this very machine, and an APIService a version that points at it. */
  const register = async (name: string, port: number, group: string, versions: readonly string[]): Promise<void> => {
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: "default" },
      spec: { type: "ExternalName", externalName: "localhost" },
    };
    const apiServices = versions.map((version, index) => ({
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `${version}.${group}` },
      spec: {
        ...{ group, version, groupPriorityMinimum: 1_000, versionPriority: 15 - index },
        service: { namespace: "default", name, port },
        caBundle: Buffer.from(authority.ca).toString("base64"),
      },
    }));
    await kubectl.ok(["apply", "-f", "-"], { stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items: [service, ...apiServices] }) });
  };

  const waitFor = (apiService: string, condition = "Available", seconds = 30): Promise<string> =>
    kubectl.ok(["wait", `--for=condition=${condition}`, `--timeout=${seconds}s`, "apiservice", apiService]);

  beforeAll(async () => {
    authority = await openAuthority();
    [server, etcd] = await Promise.all([startServer(), startEtcd()]);
    kubectl = openKubectl("newest", server.kubeconfig);
    [sample, metrics] = await Promise.all([
      startSample(),
      startExtensionServer({ which: "metrics", kubeconfig: server.kubeconfig, certificate: await certificate("metrics") }),
    ]);
    await register("sample", sample.port, "wardle.example.com", ["v1beta1", "v1alpha1"]);
    await register("metrics", metrics.port, "metrics.k8s.io", ["v1beta1"]);
    await Promise.all(["v1beta1.wardle.example.com", "v1alpha1.wardle.example.com", "v1beta1.metrics.k8s.io"].map((it) => waitFor(it)));
  }, 120_000);

  afterAll(async () => {
    await Promise.all([sample.kill(), metrics.kill()]);
    await Promise.all([server.stop(), etcd.stop()]);
    authority.remove();
  });

  test("kubectl shows whose they are, and that they are available", async () => {
    const lines = (await kubectl.ok(["get", "apiservices"])).split("\n").map((line) => line.split(/\s+/));
    expect(lines.find(([name]) => name === "v1beta1.wardle.example.com")?.slice(1, 3)).toEqual(["default/sample", "True"]);
    expect(lines.find(([name]) => name === "v1beta1.metrics.k8s.io")?.slice(1, 3)).toEqual(["default/metrics", "True"]);
    expect(lines.find(([name]) => name === "v1.")?.slice(1, 3)).toEqual(["Local", "True"]);
  });

  test("their kinds are made, read, applied, watched and deleted as any other", async () => {
    const watch = kubectl.start(["get", "flunders.v1alpha1.wardle.example.com", "--watch", "-o", "name"]);
    await sleep(500);
    expect(await kubectl.ok(["create", "-f", "-"], { stdin: flunder("first") })).toBe("flunder.wardle.example.com/first created\n");
    expect(await kubectl.ok(["apply", "--server-side", "-f", "-"], { stdin: flunder("second") })).toBe(
      "flunder.wardle.example.com/second serverside-applied\n",
    );
    expect(await kubectl.ok(["get", "flunders", "-o", "name"])).toBe("flunder.wardle.example.com/first\nflunder.wardle.example.com/second\n");
    expect(await kubectl.ok(["get", "flunder", "first", "-o", "jsonpath={.apiVersion}"])).toBe("wardle.example.com/v1beta1");
    expect(await kubectl.ok(["label", "flunder", "first", "a=b"])).toContain("labeled");
    expect(await kubectl.ok(["delete", "flunder", "second"])).toContain("deleted");
    await until("the watch brings what happened", () => (watch.stdout().split("\n").length >= 4 ? true : undefined));
    watch.child.kill();
    expect(watch.stdout()).toContain("flunder.wardle.example.com/second");
  });

  test("a namespace takes along what it holds there", async () => {
    await kubectl.ok(["create", "namespace", "going"]);
    await kubectl.ok(["create", "-f", "-"], { stdin: flunder("inside", "going") });
    await kubectl.ok(["delete", "namespace", "going", "--timeout=20s"]);
    expect(await kubectl.ok(["get", "flunders", "-A", "-o", "name"])).not.toContain("inside");
  });

  test("they explain themselves, with the words of their own documents", async () => {
    expect(await kubectl.ok(["api-resources", "--api-group=wardle.example.com", "--no-headers"])).toMatch(
      /fischers\s+wardle.example.com\/v1beta1|flunders/,
    );
    expect(await kubectl.ok(["explain", "flunders.spec", "--api-version=wardle.example.com/v1alpha1"])).toContain("reference");
    expect(await kubectl.ok(["explain", "pods.containers", "--api-version=metrics.k8s.io/v1beta1"])).toContain("usage");
    const refused = await kubectl.run(["create", "-f", "-"], { stdin: flunder("third").replace('"reference"', '"unknown"') });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('unknown field "spec.unknown"')]);
  });

  test("a server that stores nothing is asked each time, as kubectl top asks", async () => {
    expect(await kubectl.ok(["top", "pods"])).toMatch(/first\s+250m\s+64Mi\s+second\s+1000m\s+128Mi/);
    expect(await kubectl.ok(["get", "pods.metrics.k8s.io"])).toMatch(/NAME\s+CPU\s+MEMORY\nfirst\s+250m/);
    const missing = await kubectl.run(["get", "pods.metrics.k8s.io", "third"]);
    expect(missing.stderr).toContain('pods.metrics.k8s.io "third" not found');
  });

  test("the server behind knows callers by the certificate in front alone, and asks for their rights", async () => {
    const token = await kubectl.ok(["create", "token", "default"]);
    expect(
      await direct(sample.port, authority.ca, "/apis/wardle.example.com/v1alpha1/namespaces/default/flunders", { authorization: `Bearer ${token}` }),
    ).toBe(403);
    await kubectl.ok(["create", "clusterrole", "flunders", "--verb=list", "--resource=flunders.wardle.example.com"]);
    await kubectl.ok(["create", "clusterrolebinding", "flunders", "--clusterrole=flunders", "--serviceaccount=default:default"]);
    const allowed = await until("the right is known", async () => {
      const status = await direct(sample.port, authority.ca, "/apis/wardle.example.com/v1alpha1/namespaces/default/flunders", {
        authorization: `Bearer ${token}`,
      });
      return status === 200 ? status : undefined;
    });
    expect(allowed).toBe(200);
    const forged = { "x-remote-user": "admin", "x-remote-group": "system:masters" };
    expect(await direct(sample.port, authority.ca, "/apis/wardle.example.com/v1alpha1/flunders", forged)).toBe(403);
    const listed = await kubectl.run(["get", "flunders", "--as=system:serviceaccount:default:default"]);
    expect(listed.code, listed.stderr).toBe(0);
    const denied = await kubectl.run(["delete", "flunder", "first", "--as=system:serviceaccount:default:default"]);
    expect(denied.stderr).toContain("Forbidden");
  });

  test("kinds that are defined at a server behind are reached here, and are no definitions of this one", async () => {
    const behind = await startExtensionServer({
      ...{ which: "apiextensions", kubeconfig: server.kubeconfig, certificate: await certificate("definitions"), etcd: etcd.url },
      flags: ["--etcd-prefix", "/definitions"],
    });
    try {
      await kubectl.ok(["create", "serviceaccount", "definer"]);
      await kubectl.ok(["create", "clusterrolebinding", "definer", "--clusterrole=cluster-admin", "--serviceaccount=default:definer"]);
      const token = await kubectl.ok(["create", "token", "definer"]);
      const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { cron: { type: "string" } } } } } };
      const definition = {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "crontabs.stable.example.com" },
        spec: {
          ...{ group: "stable.example.com", scope: "Namespaced", names: { plural: "crontabs", kind: "CronTab" } },
          versions: [{ name: "v1", served: true, storage: true, schema }],
        },
      };
      const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      const asked = { headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(definition) };
      const made = await until("its right is known there", async () =>
        (await direct(behind.port, authority.ca, path, asked.headers, asked.body)) === 201 ? 201 : undefined,
      );
      expect(made).toBe(201);
      await register("definitions", behind.port, "stable.example.com", ["v1"]);
      await waitFor("v1.stable.example.com");
      const object = { apiVersion: "stable.example.com/v1", kind: "CronTab", metadata: { name: "first" }, spec: { cron: "* * * * *" } };
      expect(await kubectl.ok(["create", "-f", "-"], { stdin: JSON.stringify(object) })).toBe("crontab.stable.example.com/first created\n");
      expect(await kubectl.ok(["get", "crontabs", "-o", "jsonpath={.items[*].spec.cron}"])).toBe("* * * * *");
      expect((await kubectl.run(["get", "crd", "crontabs.stable.example.com"])).stderr).toContain("not found");
    } finally {
      await behind.kill();
      await kubectl.ok(["delete", "apiservice", "v1.stable.example.com"]);
    }
  });

  test("one that dies is told within seconds, blocks nobody, and is back by itself", async () => {
    await sample.kill();
    await kubectl.ok(["wait", "--for=condition=Available=False", "--timeout=30s", "apiservice", "v1beta1.wardle.example.com"]);
    // Whoever logs in first proves a password, which takes its time.
    await call(`${server.url}/apis`);
    const answers = await Promise.all(Array.from({ length: 20 }, () => timed(() => call(`${server.url}/apis`))));
    expect(answers.every(({ value }) => value.status === 200)).toBe(true);
    expect(answers.map(({ ms }) => ms).sort((a, b) => a - b)[10]).toBeLessThan(2_500);
    const refused = await call(`${server.url}/apis/wardle.example.com/v1beta1/flunders`);
    expect([refused.status, refused.json()]).toEqual([503, expect.objectContaining({ kind: "Status", reason: "ServiceUnavailable" })]);
    expect(await kubectl.ok(["explain", "configmaps"])).toContain("ConfigMap");
    sample = await startSample(sample.port);
    await waitFor("v1beta1.wardle.example.com", "Available");
    expect(await kubectl.ok(["get", "flunders", "-o", "name"])).toContain("flunder.wardle.example.com/first");
  });

  test("a namespace goes while a server behind is dead, and its condition names the group that was skipped", async () => {
    await kubectl.ok(["create", "namespace", "leaving"]);
    const held = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "one", namespace: "leaving", finalizers: ["example.com/held"] } };
    await kubectl.ok(["create", "-f", "-"], { stdin: JSON.stringify(held) });
    await sample.kill();
    await kubectl.ok(["wait", "--for=condition=Available=False", "--timeout=30s", "apiservice", "v1beta1.wardle.example.com"]);
    await kubectl.ok(["delete", "namespace", "leaving", "--wait=false"]);
    const condition = "jsonpath={.status.conditions[?(@.type=='NamespaceDeletionDiscoveryFailure')]}";
    await until("the group that does not answer is named", async () => {
      const said = await kubectl.ok(["get", "namespace", "leaving", "-o", condition]);
      return said.includes("wardle.example.com") ? true : undefined;
    });
    await kubectl.ok(["patch", "configmap", "one", "-n", "leaving", "--type=merge", "-p", '{"metadata":{"finalizers":null}}']);
    await kubectl.ok(["wait", "--for=delete", "namespace/leaving", "--timeout=30s"]);
    expect((await call(`${server.url}/api/v1/namespaces/leaving`)).status).toBe(404);
    sample = await startSample(sample.port);
    await waitFor("v1beta1.wardle.example.com", "Available");
  });

  test("a server that was stopped in the middle of a watch is found dead", async () => {
    const watch = await openStream(`${server.url}/apis/wardle.example.com/v1beta1/flunders?watch=1`);
    await watch.has(/"ADDED"/);
    const ended = timed(() => watch.ended);
    sample.signal("SIGSTOP");
    try {
      const { ms } = await ended;
      // By TCP alone it would be found in minutes.
      expect(ms).toBeLessThan(30_000);
      const refused = await timed(() => call(`${server.url}/apis/wardle.example.com/v1beta1/flunders`));
      expect(refused.value.status).toBe(503);
      expect(refused.ms).toBeLessThan(15_000);
    } finally {
      sample.signal("SIGCONT");
    }
    await waitFor("v1beta1.wardle.example.com", "Available");
  });
});

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const started = performance.now();
  const value = await work();
  return { value, ms: performance.now() - started };
}

/** The status of a request that goes past the server in front. */
function direct(port: number, ca: string, path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ host: "127.0.0.1", port, ca, path, headers, method: body === undefined ? "GET" : "POST" }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on("error", reject).end(body);
  });
}
