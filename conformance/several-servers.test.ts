import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { HttpClient } from "./several-servers/http-client.js";
import { Load } from "./several-servers/load.js";
import { ServerGroup } from "./several-servers/server-group.js";
import { StreamListener } from "./several-servers/stream-listener.js";
import { call } from "./testing/call.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { until } from "./testing/until.js";

const leasesPath = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

interface Leases {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
    readonly spec: { readonly holderIdentity: string };
  }[];
}

/** Who leads, and at which port it is called. */
async function leaderAt(url: string): Promise<{ readonly id: string; readonly port: string }> {
  const { items } = JSON.parse((await call(`${url}${leasesPath}`)).text) as Leases;
  const id = items.find(({ metadata }) => metadata.name === "dataplane-controllers")?.spec.holderIdentity ?? "";
  const record = items.find(({ metadata }) => metadata.name === `dataplane-server-${id}`)?.metadata.annotations?.["dataplane/server"];
  return { id, port: record === undefined ? "" : new URL((JSON.parse(record) as { readonly url: string }).url).port };
}

function needed(group: ServerGroup | undefined, { skip }: TestContext): ServerGroup {
  return group ?? skip("needs Debian's package postgresql");
}

describe("three servers on one PostgreSQL", () => {
  let group: ServerGroup | undefined;
  beforeAll(async () => {
    group = await ServerGroup.start({ size: 3 });
  });
  afterAll(() => group?.end());

  test("are restarted in turn under load: no request fails, and no event is lost", async (context) => {
    const servers = needed(group, context);
    const load = new Load(servers.balancer.url, "rolling");
    await load.start({ writers: 3, queriers: 3, watchers: 3 });
    for (let index = 0; index < servers.size; index += 1) {
      await servers.stop(index);
      await servers.begin(index);
    }
    const { failures, ...counts } = await load.end();
    console.log(`rolling restart of 3 servers: ${JSON.stringify(counts)}`);
    expect(failures).toEqual([]);
    expect(Math.min(counts.creates, counts.reads, counts.queries)).toBeGreaterThan(100);
    expect(counts.watches).toBeGreaterThan(3);
  });

  const portOf = (servers: ServerGroup, index: number): string => new URL(servers.at(index).httpsUrl).port;
  const all = [0, 1, 2];

  async function leaderOf(servers: ServerGroup): Promise<{ readonly id: string; readonly index: number }> {
    const { id, port } = await until("one leads", async () => {
      const leader = await leaderAt(servers.at(0).url);
      return leader.port === "" ? undefined : leader;
    });
    return { id, index: all.findIndex((index) => portOf(servers, index) === port) };
  }

  const nextLeader = (url: string, before: string): Promise<{ readonly id: string; readonly port: string }> =>
    until(
      "another one leads",
      async () => {
        const leader = await leaderAt(url);
        return leader.id === before || leader.id === "" ? undefined : leader;
      },
      25_000,
    );

  test("one run of a stream is heard at all, and goes on for the others when a server is killed; the lead moves within its time", async (context) => {
    const servers = needed(group, context);
    const path = "/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/stream/random-20Hz-stream";
    const listeners = all.map((index) => StreamListener.start(servers.at(index).url, path));
    await until("all hear", () => (listeners.every(({ values }) => values.length > 40) ? true : undefined));
    // Numbers by chance: the same ones come of the same run.
    const heard = listeners.map(({ values }) => new Set(values));
    for (const set of heard) expect([...set].filter((value) => heard.every((it) => it.has(value))).length).toBeGreaterThan(20);

    const before = await leaderOf(servers);
    await servers.kill(before.index);
    const killedAt = performance.now();
    const living = all.filter((index) => index !== before.index);
    for (let round = 0; round < 20; round += 1) {
      for (const index of living) expect((await call(`${servers.at(index).url}/api/v1/namespaces/default`)).status).toBe(200);
    }
    const url = servers.at(living[0] ?? 0).url;
    const after = await nextLeader(url, before.id);
    console.log(`another server leads ${Math.round(performance.now() - killedAt)} ms after the leader was killed`);
    expect(living.map((index) => portOf(servers, index))).toContain(after.port);
    // Longer than its Lease ago.
    for (const index of living) {
      const listener = listeners[index];
      await until("it hears on", () => (listener !== undefined && performance.now() - listener.lastAt < 500 ? true : undefined));
    }
    const made = await call(`${url}/api/v1/namespaces`, { body: { metadata: { name: "after-kill" } } });
    expect(made.status).toBe(201);
    const account = `${url}/api/v1/namespaces/after-kill/serviceaccounts/default`;
    await until("its controllers work", async () => ((await call(account)).status === 200 ? true : undefined));
    for (const listener of listeners) listener.close();
    await servers.begin(before.index);
  });

  test("one that stands still for longer than its Lease leads no more when it wakes", async (context) => {
    const servers = needed(group, context);
    const before = await leaderOf(servers);
    const { pid, url } = servers.at(before.index);
    process.kill(pid, "SIGSTOP");
    const other = servers.at((before.index + 1) % 3);
    const after = await nextLeader(other.url, before.id).finally(() => process.kill(pid, "SIGCONT"));
    await until("it knows", () => (servers.at(before.index).log().includes("this process does not lead any more") ? true : undefined));
    expect(await leaderAt(url)).toMatchObject({ id: after.id });
    expect((await call(`${url}/api/v1/namespaces/default`)).status).toBe(200);
  });
});

describeWith([needsGoTestPlugin], "a plugin that one of two servers has", () => {
  let group: ServerGroup | undefined;
  beforeAll(async () => {
    group = await ServerGroup.start({
      size: 2,
      env: unsignedPluginsAllowed,
      prepare: (index, dataPath) => (index === 0 ? installGoTestPlugin(dataPath) : undefined),
    });
  });
  afterAll(() => group?.end());

  const groupName = `${goTestPlugin}.datasource.grafana.app`;
  const ofMain = `/apis/${groupName}/v0alpha1/namespaces/default/datasources/main`;

  test("answers queries, resources, health and streams through the other", async (context) => {
    const servers = needed(group, context);
    const [one, two] = [servers.at(0).url, servers.at(1).url];
    const apiVersion = `${groupName}/v0alpha1`;
    await until("the data source is made", async () => {
      const body = { apiVersion, kind: "DataSource", metadata: { name: "main" }, spec: { title: "main" } };
      return (await call(`${two}/apis/${apiVersion}/namespaces/default/datasources`, { body })).status === 201 ? true : undefined;
    });
    const query = { queries: [{ refId: "A", queryType: "timeseries" }] };
    const answers = await until("both answer", async () => {
      const all = await Promise.all([one, two].map((url) => call(`${url}${ofMain}/query`, { body: query })));
      return all.every(({ status }) => status === 200) ? all.map(({ text }) => JSON.parse(text) as unknown) : undefined;
    });
    expect(answers).toHaveLength(2);
    expect((await call(`${two}${ofMain}/health`)).status).toBe(200);
    const streams = [one, two].map((url) => new HttpClient(url));
    const heard = await Promise.all(
      streams.map(async (client) => {
        const answer = await client.open("GET", `${ofMain}/stream/tick/20`);
        const lines: string[] = [];
        for await (const piece of answer) {
          lines.push(
            ...String(piece)
              .split("\n")
              .filter((line) => line !== ""),
          );
          if (lines.length > 10) break;
        }
        return lines;
      }),
    );
    for (const lines of heard) expect(lines.length).toBeGreaterThan(10);
    for (const client of streams) client.close();
    const { text } = await call(`${two}/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/v0alpha1.${groupName}`);
    expect(text).toContain('"reason":"Passed"');
  });

  test("is unavailable, and says so, when that server is down", async (context) => {
    const servers = needed(group, context);
    const two = servers.at(1).url;
    await servers.stop(0);
    const refused = await until("it is refused", async () => {
      const answer = await call(`${two}${ofMain}/query`, { body: { queries: [{ refId: "A" }] } });
      return answer.status === 503 ? answer : undefined;
    });
    expect(refused.json()["reason"]).toBe("ServiceUnavailable");
    await servers.begin(0);
    await until("it is back", async () =>
      (await call(`${two}${ofMain}/query`, { body: { queries: [{ refId: "A", queryType: "timeseries" }] } })).status === 200 ? true : undefined,
    );
  });
});
