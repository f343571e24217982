import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, type CallOptions, call } from "./testing/call.js";
import { kubectlVersions, openKubectl } from "./testing/kubectl.js";
import { describeWith, needsKubectl } from "./testing/needs.js";
import { type StartedServer, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

const group = "testdata.datasource.grafana.app";
const sources = `/apis/${group}/v0alpha1/namespaces/default`;
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const accounts = "/api/v1/namespaces/default/serviceaccounts";
const queries = { queries: [{ refId: "A", scenarioId: "random_walk", intervalMs: 600_000 }] };

let server: StartedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.stop();
});

const asAdmin = (path: string, options?: CallOptions): Promise<Answer> => call(server.url + path, options);

async function made(path: string, body: object): Promise<Answer> {
  const answer = await asAdmin(path, { body });
  expect([answer.status, answer.text]).toEqual([201, expect.anything()]);
  return answer;
}

interface Robot {
  readonly name: string;
  readonly token: string;
  call(path: string, options?: CallOptions): Promise<Answer>;
}

/** A ServiceAccount of namespace `default` with a token. */
async function aRobot(name: string): Promise<Robot> {
  await made(accounts, { metadata: { name } });
  const answer = await made(`${accounts}/${name}/token`, { spec: { expirationSeconds: 600 } });
  const { token } = answer.json()["status"] as unknown as { readonly token: string };
  const authorization = `Bearer ${token}`;
  return {
    name,
    token,
    call: (path, options = {}) => call(server.url + path, { ...options, headers: { authorization, ...options.headers } }),
  };
}

/** Gives it a Role of these rules, and waits until the rights count. */
async function may(robot: Robot, ...rules: readonly object[]): Promise<void> {
  await made(`${rbac}/namespaces/default/roles`, { metadata: { name: robot.name }, rules });
  await made(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: robot.name },
    roleRef: { kind: "Role", name: robot.name },
    subjects: [{ kind: "ServiceAccount", name: robot.name }],
  });
  const body = { spec: { namespace: "default" } };
  await until("the rights count", async () => {
    const answer = await robot.call("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", { body });
    return answer.text.includes(JSON.stringify((rules[0] as { resources: unknown }).resources)) ? true : undefined;
  });
}

const queryRight = (resource: string, ...resourceNames: readonly string[]): object => ({
  verbs: ["create"],
  apiGroups: [group],
  resources: [resource],
  ...(resourceNames.length === 0 ? {} : { resourceNames }),
});

const forbidden = (robot: Robot, resource: string, name: string): string =>
  `${resource.split("/")[0] ?? ""}.${group} "${name}" is forbidden: User "system:serviceaccount:default:${robot.name}" cannot create resource "${resource}" in API group "${group}" in the namespace "default"`;

for (const granted of ["datasources/query", "connections/query"]) {
  test(`a right to create ${granted} of one name lets one query that source by both names, and no other`, async () => {
    const robot = await aRobot(`one-${granted.replace("/", "-")}`);
    await made(`${sources}/datasources`, { metadata: { name: `other-${robot.name}` }, spec: { title: `Other of ${robot.name}` } });
    expect((await robot.call(`${sources}/datasources/testdata/query`, { body: queries })).status).toBe(403);
    await may(robot, queryRight(granted, "testdata"));
    for (const resource of ["datasources", "connections"]) {
      const answer = await robot.call(`${sources}/${resource}/testdata/query`, { body: queries });
      expect([resource, answer.status]).toEqual([resource, 200]);
      const other = await robot.call(`${sources}/${resource}/other-${robot.name}/query`, { body: queries });
      expect([other.status, other.json()["message"]]).toEqual([403, forbidden(robot, `${resource}/query`, `other-${robot.name}`)]);
    }
    expect((await robot.call(`${sources}/datasources/testdata`)).status).toBe(403);
    expect((await robot.call(`${sources}/datasources/testdata/health`)).status).toBe(403);
    expect((await robot.call(`${sources}/datasources`)).status).toBe(403);
  });
}

test("Grafana's older path asks for the same right, data source by data source", async () => {
  const robot = await aRobot("legacy");
  await made(`${sources}/datasources`, { metadata: { name: "closed" }, spec: { title: "Closed" } });
  await may(robot, queryRight("datasources/query", "testdata"));
  const query = (uid: string) => ({ ...queries.queries[0], datasource: { uid, type: "grafana-testdata-datasource" } });
  const ask = (...uids: readonly string[]): Promise<Answer> =>
    robot.call("/api/ds/query", { body: { from: "now-1h", to: "now", queries: uids.map(query) } });
  expect((await ask("testdata")).status).toBe(200);
  const closed = await ask("closed");
  expect([closed.status, closed.text]).toEqual([403, expect.stringContaining("datasources/query")]);
});

test("a binding in one namespace gives nothing in another", async () => {
  const robot = await aRobot("at-home");
  await may(robot, queryRight("datasources/query"));
  expect((await robot.call(`${sources}/datasources/testdata/query`, { body: queries })).status).toBe(200);
  expect((await robot.call(`${sources.replace("default", "kube-system")}/datasources/testdata/query`, { body: queries })).status).toBe(403);
});

test("a right ends with its binding, and a token with its account", async () => {
  const robot = await aRobot("leaving");
  await may(robot, queryRight("datasources/query"));
  await asAdmin(`${rbac}/namespaces/default/rolebindings/leaving`, { method: "DELETE" });
  await until("the right is gone", async () => {
    const { status } = await robot.call(`${sources}/datasources/testdata/query`, { body: queries });
    return status === 403 ? true : undefined;
  });
  await asAdmin(`${accounts}/leaving`, { method: "DELETE" });
  const goodbye = await until("the token is refused", async () => {
    const answer = await robot.call("/apis");
    return answer.status === 401 ? answer : undefined;
  });
  expect(goodbye.json()).toMatchObject({ kind: "Status", reason: "Unauthorized" });
  await made(accounts, { metadata: { name: "leaving" } });
  expect((await robot.call("/apis")).status).toBe(401);
});

test("nobody reads secrets behind data sources, not even those who may do all", async () => {
  const answer = await asAdmin(`${sources}/datasources/testdata/plugincontext`);
  expect(answer.status).toBe(403);
  const impersonated = await asAdmin(`${sources}/datasources/testdata/plugincontext`, { headers: { "Impersonate-User": "system:dataplane" } });
  expect([impersonated.status, impersonated.json()["message"]]).toEqual([
    403,
    'users "system:dataplane" is forbidden: User "admin" cannot impersonate resource "users" in API group "" at the cluster scope: internal to this server',
  ]);
});

test("an admin acts as a viewer, who may query and not write; a viewer acts as nobody", async () => {
  const headers = { "Impersonate-User": "vera", "Impersonate-Group": "dataplane:viewer" };
  expect((await asAdmin(`${sources}/datasources/testdata/query`, { body: queries, headers })).status).toBe(200);
  const write = await asAdmin(`${sources}/datasources`, { body: { metadata: { name: "x" }, spec: { title: "X" } }, headers });
  expect([write.status, write.json()["message"]]).toEqual([
    403,
    `datasources.${group} is forbidden: User "vera" cannot create resource "datasources" in API group "${group}" in the namespace "default"`,
  ]);
  expect((await asAdmin("/api/v1/namespaces/default/secrets", { headers })).status).toBe(403);
  const robot = await aRobot("plain");
  expect((await robot.call("/apis", { headers })).status).toBe(403);
});

test("others verify our tokens by what we publish", async () => {
  const robot = await aRobot("published");
  const configuration = (await robot.call("/.well-known/openid-configuration")).json();
  const keys = (await robot.call("/openid/v1/jwks")).json();
  expect(configuration).toMatchObject({ response_types_supported: ["id_token"], id_token_signing_alg_values_supported: ["ES256"] });
  const [header = "", payload = ""] = robot.token.split(".");
  const claims = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
  expect(claims(header)).toMatchObject({ alg: "ES256", kid: (keys["keys"] as unknown as readonly { kid: string }[])[0]?.kid });
  expect(claims(payload)).toMatchObject({
    iss: configuration["issuer"],
    sub: "system:serviceaccount:default:published",
    "kubernetes.io": { namespace: "default", serviceaccount: { name: "published" } },
  });
  expect((await fetch(`${server.url}/openid/v1/jwks`)).status).toBe(401);
  const review = await made("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token: robot.token } });
  expect(review.json()["status"]).toMatchObject({ authenticated: true, user: { username: "system:serviceaccount:default:published" } });
});

test("each namespace has a ServiceAccount and the server's CA, which come back when they are taken away or changed", async () => {
  await made("/api/v1/namespaces", { metadata: { name: "furnished" } });
  const account = "/api/v1/namespaces/furnished/serviceaccounts/default";
  const ca = "/api/v1/namespaces/furnished/configmaps/kube-root-ca.crt";
  const isFurnished = async (): Promise<true | undefined> => {
    const [own, authority] = await Promise.all([asAdmin(account), asAdmin(ca)]);
    return own.status === 200 && authority.text.includes("BEGIN CERTIFICATE") ? true : undefined;
  };
  await until("the namespace is furnished", isFurnished);
  await asAdmin(account, { method: "DELETE" });
  await asAdmin(ca, { method: "PATCH", body: { data: { "ca.crt": "x" } }, headers: { "content-type": "application/merge-patch+json" } });
  await until("the namespace is furnished again", isFurnished);
  await asAdmin("/api/v1/namespaces/furnished", { method: "DELETE" });
  await until("the namespace is gone", async () => ((await asAdmin("/api/v1/namespaces/furnished")).status === 404 ? true : undefined));
});

for (const version of kubectlVersions)
  describeWith([needsKubectl(version)], `kubectl ${version}`, () => {
    test("asks who it is and what it may, and reconciles roles", async () => {
      const kubectl = openKubectl(version, server.kubeconfig);
      expect(await kubectl.ok(["auth", "whoami"])).toContain("kubeconfig-admin");
      expect(await kubectl.ok(["auth", "can-i", "*", "*"])).toBe("yes\n");
      const vera = ["--as=vera", "--as-group=dataplane:viewer"];
      expect((await kubectl.run(["auth", "can-i", "create", "configmaps", ...vera])).stdout).toBe("no\n");
      expect(await kubectl.ok(["auth", "can-i", "get", "/metrics", ...vera])).toBe("yes\n");
      expect(await kubectl.ok(["auth", "can-i", "--list", ...vera])).toMatch(/datasources\.\*\/query +\[\] +\[\] +\[get list watch create\]/);
      const role = `acme:${version}`;
      const manifest = JSON.stringify({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: role },
        rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
      });
      expect(await kubectl.ok(["auth", "reconcile", "-f", "-"], { stdin: manifest })).toContain(`${role} reconciled`);
      expect(await kubectl.ok(["get", "clusterrole", role, "-o", "jsonpath={.rules[0].verbs}"])).toBe('["get"]');
      expect(await kubectl.ok(["create", "clusterrolebinding", role, `--clusterrole=${role}`, "--user=ann"])).toContain("created");
      expect(await kubectl.ok(["get", "clusterrolebinding", role, "-o", "wide"])).toMatch(/ClusterRole\/acme:\S+ +\S+ +ann/);
      const account = `robot-${version.replace(".", "-")}`;
      await kubectl.ok(["create", "serviceaccount", account]);
      expect((await kubectl.ok(["create", "token", account, "--duration=10m"])).split(".")).toHaveLength(3);
      expect((await kubectl.run(["create", "token", account, "--duration=1m"])).stderr).toContain("may not specify a duration less than 10 minutes");
    });
  });
