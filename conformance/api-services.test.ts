import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { documentsOf, hostileDocuments, openApiV2, openApiV3 } from "./api-services/documents.js";
import { type Documents, type NodeBackend, startNodeBackend } from "./api-services/node-backend.js";
import { call } from "./testing/call.js";
import { type CertificateAuthority, openAuthority } from "./testing/certificate-authority.js";
import { type Kubectl, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { type StartedServer, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const deadGroups = Array.from({ length: 20 }, (_, index) => `dead${index}.example.com`);
const configMap = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "plain", namespace: "default" }, data: { a: "b" } });

interface DiscoveredGroup {
  readonly metadata: { readonly name: string };
  readonly versions: readonly {
    readonly version: string;
    readonly freshness: string;
    readonly resources: readonly { readonly resource: string }[];
  }[];
}

describeWith([needsKubectl("newest")], "servers behind APIServices, well, dead, old and hostile", () => {
  let server: StartedServer;
  let kubectl: Kubectl;
  let authority: CertificateAuthority;
  const backends: NodeBackend[] = [];
  let well: NodeBackend;

  const register = async (service: string, port: number, group: string, priority = 1_000): Promise<void> => {
    const items = [
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: service, namespace: "default" },
        spec: { type: "ExternalName", externalName: "localhost" },
      },
      {
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name: `v1.${group}` },
        spec: {
          ...{ group, version: "v1", groupPriorityMinimum: priority, versionPriority: 15 },
          service: { namespace: "default", name: service, port },
          caBundle: Buffer.from(authority.ca).toString("base64"),
        },
      },
    ];
    await kubectl.ok(["apply", "-f", "-"], { stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items }) });
  };

  const start = async (service: string, group: string, documents: Documents, priority?: number): Promise<NodeBackend> => {
    const certificate = await authority.issue(service, [`DNS:${service}.default.svc`, "DNS:localhost"]);
    const backend = await startNodeBackend(certificate, documents);
    backends.push(backend);
    await register(service, backend.port, group, priority);
    return backend;
  };

  const discovered = async (): Promise<readonly DiscoveredGroup[]> => {
    const answer = await call(`${server.url}/apis`, { headers: { accept: aggregated } });
    return (JSON.parse(answer.text) as { readonly items: readonly DiscoveredGroup[] }).items;
  };
  const versionsOf = async (group: string) => (await discovered()).find(({ metadata }) => metadata.name === group)?.versions;
  // Twenty kubectl at once would be what a busy machine is slow at.
  const becomes = (group: string, wanted: string): Promise<true> =>
    until(
      `${group} is ${wanted}`,
      async () => {
        const { text } = await call(`${server.url}/apis/apiregistration.k8s.io/v1/apiservices/v1.${group}`);
        const { status } = JSON.parse(text) as { readonly status?: { readonly conditions?: readonly { type: string; status: string }[] } };
        return status?.conditions?.find(({ type }) => type === "Available")?.status === wanted ? true : undefined;
      },
      60_000,
    );

  beforeAll(async () => {
    [authority, server] = await Promise.all([openAuthority(), startServer()]);
    kubectl = openKubectl("newest", server.kubeconfig);
    well = await start(
      "well",
      "well.example.com",
      documentsOf("well.example.com", "Widget", openApiV3("well.example.com", "Widget", "A widget that is well.")),
      2_000,
    );
    await start("old", "old.example.com", documentsOf("old.example.com", "Relic", openApiV2("old.example.com", "Relic", "Older than v3.")), 500);
    await Promise.all(["well.example.com", "old.example.com"].map((group) => becomes(group, "True")));
  }, 120_000);

  afterAll(async () => {
    await server.stop();
    await Promise.all(backends.map((backend) => backend.down()));
    authority.remove();
  });

  test("kubectl lists, explains and reads what servers behind serve, with v3 and with v2 alone", async () => {
    expect(await kubectl.ok(["api-resources", "--no-headers"])).toMatch(/widgets\s+well.example.com\/v1\s+true\s+Widget/);
    expect(await kubectl.ok(["get", "widgets", "-o", "name"])).toBe("widget.well.example.com/first\n");
    const explained = async (kind: string) => (await kubectl.run(["explain", kind])).stdout;
    await until("both are described", async () => ((await explained("relics.spec")).includes("How large.") ? true : undefined));
    expect(await explained("widgets")).toContain("A widget that is well.");
    expect(await explained("widgets.spec")).toMatch(/size\s+<integer>\s+How large\./);
    expect(await explained("relics")).toContain("Older than v3.");
  });

  test("groups come in the order of their priorities", async () => {
    const names = (await discovered()).map(({ metadata }) => metadata.name);
    expect(names[0]).toBe("apiregistration.k8s.io");
    const ours = names.filter((name) => ["well.example.com", "aggregation.grafana.app", "old.example.com"].includes(name));
    expect(ours).toEqual(["well.example.com", "aggregation.grafana.app", "old.example.com"]);
    expect((await call(`${server.url}/apis/well.example.com`)).json()).toMatchObject({ preferredVersion: { groupVersion: "well.example.com/v1" } });
  });

  test("twenty dead servers are stale, and hold up nobody", async () => {
    await Promise.all(deadGroups.map((group, index) => register(`dead${index}`, 1, group)));
    await Promise.all(deadGroups.map((group) => becomes(group, "False")));
    const lines = (await kubectl.ok(["get", "apiservices"])).split("\n").map((line) => line.split(/\s{2,}/));
    expect(lines[0]?.slice(0, 4)).toEqual(["NAME", "SERVICE", "AVAILABLE", "AGE"]);
    expect(lines.find(([name]) => name === "v1.dead0.example.com")?.slice(1, 3)).toEqual(["default/dead0", "False (FailedDiscoveryCheck)"]);
    expect(lines.find(([name]) => name === "v1.well.example.com")?.slice(1, 3)).toEqual(["default/well", "True"]);

    const times: number[] = [];
    for (let round = 0; round < 40; round++) {
      for (const headers of [{ accept: aggregated }, { accept: "application/json" }]) {
        const started = performance.now();
        expect((await call(`${server.url}/apis`, { headers })).status).toBe(200);
        times.push(performance.now() - started);
      }
    }
    // Whoever asked one of them would wait for 5 s.
    expect(Math.max(...times)).toBeLessThan(2_500);
    expect(await versionsOf("dead7.example.com")).toEqual([{ version: "v1", freshness: "Stale", resources: [] }]);
    expect((await kubectl.run(["api-resources"])).stdout).toMatch(/widgets\s+well.example.com\/v1/);
    expect(await kubectl.ok(["explain", "widgets"])).toContain("A widget that is well.");
    await kubectl.ok(["delete", "apiservices", ...deadGroups.map((group) => `v1.${group}`)]);
    expect((await discovered()).some(({ metadata }) => metadata.name.startsWith("dead"))).toBe(false);
  });

  test("an APIService without its Service says so", async () => {
    await register("gone", 1, "gone.example.com");
    await kubectl.ok(["delete", "service", "gone"]);
    await until("it is said", async () =>
      (await kubectl.ok(["get", "apiservice", "v1.gone.example.com"])).includes("False (ServiceNotFound)") ? true : undefined,
    );
    const message = await kubectl.ok(["get", "apiservice", "v1.gone.example.com", "-o", "jsonpath={.status.conditions[0].message}"]);
    expect(message).toBe('service/gone in "default" is not present');
    await kubectl.ok(["delete", "apiservice", "v1.gone.example.com"]);
  });

  test("one that dies keeps its kinds in discovery, stale, and is back by itself", async () => {
    await well.down();
    await becomes("well.example.com", "False");
    expect(await versionsOf("well.example.com")).toMatchObject([{ freshness: "Stale", resources: [{ resource: "widgets" }] }]);
    expect(await kubectl.ok(["explain", "widgets"])).toContain("A widget that is well.");
    const refused = await call(`${server.url}/apis/well.example.com/v1/namespaces/default/widgets`);
    expect([refused.status, refused.json()]).toEqual([503, expect.objectContaining({ kind: "Status", reason: "ServiceUnavailable" })]);
    await well.up();
    await becomes("well.example.com", "True");
    expect(await versionsOf("well.example.com")).toMatchObject([{ freshness: "Current" }]);
  });

  test("twenty namespaces go while a server behind is dead, each naming the group that was skipped", async () => {
    const namespaces = Array.from({ length: 20 }, (_, index) => `leaving${index}`);
    await well.down();
    await becomes("well.example.com", "False");
    for (const name of namespaces) {
      const url = `${server.url}/api/v1/namespaces/${name}`;
      await call(`${server.url}/api/v1/namespaces`, { body: { metadata: { name } } });
      await call(`${url}/configmaps`, { body: { metadata: { name: "held", finalizers: ["example.com/held"] } } });
      await call(url, { method: "DELETE" });
      const named = until(`${name} names the group`, async () => /Skipped, since they do not answer: [^"]*/.exec((await call(url)).text)?.[0]);
      expect(await named).toContain("well.example.com");
      const headers = { "content-type": "application/merge-patch+json" };
      await call(`${url}/configmaps/held`, { method: "PATCH", headers, body: { metadata: { finalizers: null } } });
      await until(`${name} is gone`, async () => ((await call(url)).status === 404 ? true : undefined));
    }
    await well.up();
    await becomes("well.example.com", "True");
  });

  test("a hundred exchanges of the authority and of the certificate behind fail no request", async () => {
    const group = "turning.example.com";
    const authorities = [authority, ...(await Promise.all([openAuthority(), openAuthority()]))];
    const certificates = await Promise.all(authorities.map((it) => it.issue("turning", ["DNS:turning.default.svc", "DNS:localhost"])));
    const backend = await start("turning", group, documentsOf(group, "Wheel"));
    const turn = (index: number) => ({ ca: authorities[index % 3]?.ca ?? "", certificate: certificates[index % 3] ?? { key: "", cert: "" } });
    const trust = async (...bundle: readonly string[]): Promise<void> => {
      const before = backend.connections();
      const body = { spec: { caBundle: Buffer.from(bundle.join("")).toString("base64") } };
      const headers = { "content-type": "application/merge-patch+json" };
      const path = `/apis/apiregistration.k8s.io/v1/apiservices/v1.${group}`;
      expect((await call(`${server.url}${path}`, { method: "PATCH", headers, body })).status).toBe(200);
      await until("it is reached anew", () => (backend.connections() > before ? true : undefined));
      // That connection may have been on its way before; whoever exchanges certificates waits longer than this.
      await sleep(60);
    };
    await becomes(group, "True");
    const answers = new Map<string, number>();
    let isOver = false;
    const load = async (): Promise<void> => {
      while (!isOver) {
        const { status, text } = await call(`${server.url}/apis/${group}/v1/namespaces/default/wheels`);
        const said = status === 200 ? "200" : text;
        answers.set(said, (answers.get(said) ?? 0) + 1);
      }
    };
    const loads = [load(), load(), load(), load()];
    for (let index = 1; index <= 100; index++) {
      // As one does it who has read of how: both are trusted while the certificate is exchanged.
      await trust(turn(index - 1).ca, turn(index).ca);
      backend.show(turn(index).certificate);
      await trust(turn(index).ca);
    }
    isOver = true;
    await Promise.all(loads);
    for (const it of authorities.slice(1)) it.remove();
    expect([...answers.keys()]).toEqual(["200"]);
    expect(answers.get("200")).toBeGreaterThan(200);
    const { status } = (await call(`${server.url}/apis/apiregistration.k8s.io/v1/apiservices/v1.${group}`)).json();
    expect(status).toMatchObject({ conditions: [{ type: "Available", status: "True" }] });
    await kubectl.ok(["delete", "apiservice", `v1.${group}`]);
  });

  test.each(["deep", "dangling", "claiming", "page"])("a document that is %s spoils nobody else's", async (fault) => {
    const group = `${fault}.example.com`;
    await start(fault, group, documentsOf(group, "Trap", hostileDocuments(group)[fault] ?? {}));
    await becomes(group, "True");
    const isRead = async (): Promise<true | undefined> => {
      const isTaken = (await call(`${server.url}/openapi/v3/apis/${group}/v1`)).text.includes('"Own"');
      const isRefused = server
        .log()
        .split("\n")
        .some((line) => line.includes(`v1.${group}`) && line.includes("could not be read"));
      return isTaken || isRefused ? true : undefined;
    };
    await until("its document is read", isRead);
    expect(await kubectl.ok(["explain", "configmaps.data"])).toContain("FIELD: data");
    // Reads the whole of v2, and refuses all of it for one part that it does not understand.
    expect(await kubectl.ok(["explain", "configmaps", "--output=plaintext-openapiv2"])).toMatch(/KIND:\s+ConfigMap/);
    expect(await kubectl.ok(["explain", "widgets"])).toContain("A widget that is well.");
    expect(await kubectl.ok(["apply", "--validate=strict", "-f", "-"], { stdin: configMap })).toMatch(/configmap\/plain (created|unchanged)/);
    const { definitions } = (await call(`${server.url}/openapi/v2`)).json();
    expect(definitions?.["io.k8s.api.core.v1.ConfigMap"]?.["type"]).toBe("object");
    await kubectl.ok(["delete", "apiservice", `v1.${group}`]);
  });
});
