import { Centrifuge, type PublicationContext } from "centrifuge";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { admin, call } from "./testing/call.js";
import { createDataSource } from "./testing/data-plane.js";
import { goTestPlugin, installGoTestPlugin, needsGoTestPlugin, unsignedPluginsAllowed } from "./testing/install-plugin.js";
import { describeWith } from "./testing/needs.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";
import { until } from "./testing/until.js";

/** The client of Grafana's pages, its sockets within reach. */
function connect({ url }: StartedServer, authorization = admin) {
  const sockets: WebSocket[] = [];
  class Socket extends WebSocket {
    constructor(address: string, protocols?: string | string[]) {
      super(address, protocols, { headers: { authorization } });
      sockets.push(this);
    }
  }
  const client = new Centrifuge(`${url.replace("http:", "ws:")}/api/live/ws`, { websocket: Socket, minReconnectDelay: 20, maxReconnectDelay: 100 });
  client.connect();
  return { client, sockets };
}

describeWith([needsGoTestPlugin], "Grafana Live, with the client of Centrifuge and a plugin of the official Go SDK", () => {
  let server: StartedServer;
  const clients: Centrifuge[] = [];
  const subscribe = (name: string, connected = connect(server)) => {
    clients.push(connected.client);
    const subscription = connected.client.newSubscription(name);
    const seen: PublicationContext[] = [];
    const begun: { readonly recovered: boolean; readonly data: unknown }[] = [];
    subscription.on("publication", (publication) => seen.push(publication));
    subscription.on("subscribed", ({ recovered, data }) => begun.push({ recovered, data: data as unknown }));
    subscription.subscribe();
    return { ...connected, subscription, seen, begun };
  };

  beforeAll(async () => {
    const dataPath = temporaryFolder("live");
    installGoTestPlugin(dataPath);
    server = await startServer({ dataPath, env: { ...unsignedPluginsAllowed, GF_LIVE_MAX_CONNECTIONS: "8" } });
    await createDataSource(server, { pluginId: goTestPlugin, uid: "main" });
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server.stop();
  });

  test("a stream begins with the plugin's data, and a lost connection loses no message", async () => {
    const { seen, begun, sockets, client } = subscribe("1/ds/main/tick/20");
    await until("some rows", () => seen[3]);
    expect(begun[0]?.data).toMatchObject({ schema: { name: "tick" } });
    sockets[0]?.terminate();
    await until("it is back", () => begun[1]);
    const at = seen.length;
    await until("more rows", () => seen[at + 3]);
    expect(begun[1]?.recovered).toBe(true);
    expect(seen.map(({ offset }) => offset)).toEqual(seen.map((_, index) => index + 1));
    client.disconnect();
  });

  test.each([
    ["1/ds/main/denied", 403],
    ["1/ds/main/none", 404],
    ["1/ds/nobody/tick", 404],
    ["1/ds/main/a b", 400],
  ])("subscribing to %s is %i", async (name, code) => {
    const { subscription, client } = subscribe(name);
    const ended = await new Promise((resolve) => subscription.once("unsubscribed", resolve));
    expect(ended).toMatchObject({ code });
    client.disconnect();
  });

  test("what is published over HTTP, by the plugin's leave, and pushed as lines reaches clients", async () => {
    const ticks = subscribe("1/ds/main/tick/600000");
    const { client } = ticks;
    const news = subscribe("1/grafana/broadcast/news", ticks);
    const lines = subscribe("1/stream/sensors/temp", ticks);
    for (const { subscription } of [ticks, news, lines]) await subscription.ready();
    const publish = (channel: string, data: unknown) => call(`${server.url}/api/live/publish`, { body: { channel, data } });
    expect((await publish("ds/main/tick/600000", { a: 1 })).json()).toEqual({});
    expect((await publish("grafana/broadcast/news", "hello")).status).toBe(200);
    expect((await publish("ds/main/denied", 1)).status).toBe(403);
    const pushed = await call(`${server.url}/api/live/push/sensors`, { body: "temp,room=a c=21.5", headers: { "content-type": "text/plain" } });
    expect(pushed.status).toBe(200);
    await until("all of it", () => (ticks.seen.length > 0 && news.seen.length === 1 && lines.seen.length === 1 ? true : undefined));
    expect(ticks.seen[0]?.data).toEqual({ path: "tick/600000", data: { a: 1 } });
    expect(lines.seen[0]?.data).toMatchObject({ data: { values: [["room=a"], [expect.any(Number)], [21.5]] } });
    const list = await call(`${server.url}/api/live/list`);
    expect(list.text).toContain('"channel":"ds/main/tick/600000","subscribers":1');
    client.disconnect();
  });

  test("no one else's page, no stranger, and no more clients than may be", async () => {
    const attempt = (headers: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly socket: WebSocket }> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${server.url.replace("http:", "ws:")}/api/live/ws`, { headers });
        socket.on("error", () => undefined);
        socket.once("open", () => resolve({ status: 101, socket }));
        socket.once("unexpected-response", (_, answer) => {
          answer.resume();
          resolve({ status: answer.statusCode ?? 0, socket });
        });
      });
    expect((await attempt({})).status).toBe(401);
    expect((await attempt({ authorization: admin, origin: "http://evil.example" })).status).toBe(403);
    const opened = await Promise.all(Array.from({ length: 12 }, () => attempt({ authorization: admin, origin: server.url })));
    expect(opened.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([...Array<number>(8).fill(101), ...Array<number>(4).fill(429)]);
    for (const { socket } of opened) socket.terminate();
  });

  test("a server that stops says so to its clients", async () => {
    const { client, subscription } = subscribe("1/grafana/broadcast/last");
    await subscription.ready();
    const connecting = new Promise((resolve) => client.once("connecting", resolve));
    const began = performance.now();
    expect((await server.stop()).code).toBe(0);
    expect(await connecting).toMatchObject({ code: 3001, reason: "shutdown" });
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
