import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { admin, call } from "./testing/call.js";
import { type StartedServer, startServer } from "./testing/start-server.js";

const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
const outer = addresses.find(({ internal, family }) => !internal && family === "IPv4")?.address;
const hasIpv6 = addresses.some(({ address }) => address === "::1");

let server: StartedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.stop();
});

test.each(["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"])(
  "the default password is refused through a proxy that sends %s",
  async (header) => {
    const url = `${server.url}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices`;
    expect((await call(url)).status).toBe(200);
    const answer = await call(url, { headers: { [header]: "192.0.2.1" } });
    expect(answer.json()).toMatchObject({ kind: "Status", code: 401, reason: "Unauthorized" });
    expect(answer.text).toContain("admin_password");
  },
);

test.skipIf(outer === undefined)("the default password is refused from another address than loopback (needs a network address)", async () => {
  const answer = await fetch(`http://${outer ?? ""}:${new URL(server.url).port}/apis`, { headers: { authorization: admin } });
  expect(answer.status).toBe(401);
  expect(await answer.text()).toContain("admin_password");
});

test("a wrong password is 401, and one that is no password too", async () => {
  const wrong = `Basic ${Buffer.from("admin:wrong").toString("base64")}`;
  for (const authorization of [wrong, "Basic !", "Basic ", "Bearer x.y.z", "Digest a"]) {
    const answer = await call(`${server.url}/apis`, { headers: { authorization } });
    expect([authorization, answer.status]).toEqual([authorization, 401]);
    expect(answer.json()).toMatchObject({ kind: "Status", reason: "Unauthorized" });
  }
});

test("without a login there is nothing but health and version", async () => {
  for (const open of ["/livez", "/readyz", "/healthz", "/version", "/api/health"])
    expect([open, (await fetch(server.url + open)).status]).toEqual([open, 200]);
  const source = "/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata";
  for (const closed of ["/", "/apis", "/openapi/v3", "/metrics", source, `${source}/health`, "/api/ds/query", "/no/such/path"])
    expect([closed, (await fetch(server.url + closed)).status]).toEqual([closed, 401]);
});

test("both address families are listened on", async () => {
  const { port } = new URL(server.url);
  for (const host of ["127.0.0.1", ...(hasIpv6 ? ["[::1]"] : [])]) expect((await fetch(`http://${host}:${port}/livez`)).status).toBe(200);
});
