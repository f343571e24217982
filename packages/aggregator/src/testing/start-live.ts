import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { createApiClient } from "@dataplane/client";
import { dataPlaneUser, notFound, silentLogger, systemClock } from "@dataplane/meta";
import { type StreamRequest, StreamStatus } from "@dataplane/plugin-protocol";
import { Centrifuge, type PublicationContext, type Subscription } from "centrifuge";
import WebSocket from "ws";
import { type LegacyOptions, legacyHandler } from "../legacy/legacy-handler.js";
import { Live, type LiveSettings } from "../live/centrifuge/live.js";
import { createStreamChannels } from "../live/stream-channels.js";
import { aPlugin, aPluginSource } from "./a-plugin.js";
import { knownDataSources } from "./known-data-sources.js";
import { listen } from "./listen.js";

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const frame = (value: number): string => `{"schema":{"fields":[]},"data":{"values":[[${value}]]}}`;

/** Sends a frame each 10 ms; `count/N` sends N at once and ends. */
async function* runStream({ path }: StreamRequest, { signal }: { readonly signal: AbortSignal }) {
  const [kind, count = "0"] = path.split("/");
  for (let value = 1; kind !== "count" || value <= Number(count); value++) {
    if (kind !== "count") await pause(10, undefined, { signal });
    yield { data: bytes(kind === "big" ? JSON.stringify("x".repeat(100_000)) : frame(value)) };
  }
}

const statusOf = (path: string): StreamStatus =>
  path === "denied" ? StreamStatus.PERMISSION_DENIED : path === "none" ? StreamStatus.NOT_FOUND : StreamStatus.OK;

/** Live behind a real socket, with the data sources `main` and, for nobody, `hidden` of the plugin `p`. */
export async function startLive(settings: Partial<LiveSettings> = {}) {
  const stopping = new AbortController();
  const plugin = aPlugin({
    id: "p",
    calls: {
      subscribeStream: ({ path, data }) => Promise.resolve({ status: statusOf(path), data: path === "none" ? new Uint8Array() : data }),
      runStream,
      publishStream: ({ path, data }) => Promise.resolve({ status: statusOf(path), data }),
    },
  });
  const plugins = aPluginSource([plugin]);
  const contexts = knownDataSources([
    { pluginId: "p", uid: "main" },
    { pluginId: "p", uid: "hidden" },
  ]);
  const common = { plugins, contexts, clock: systemClock, logger: silentLogger };
  const limits = { bodyBytes: 1e6, callTimeoutMs: 5000 };
  const streams = { queueMaxBytes: settings.queueMaxBytes ?? 1 << 20 };
  const channels = createStreamChannels({ ...common, limits, streams, stopping: stopping.signal });
  const asked: string[] = [];
  const authorizer: LegacyOptions["authorizer"] = {
    authorize: (_, { verb, group, namespace, resource, name, subresource }) => {
      asked.push(`${verb} ${group} ${namespace} ${resource}/${name}/${subresource}`);
      return { allowed: name !== "hidden", reason: "" };
    },
  };
  const live = new Live({
    ...{ ...common, authorizer, channels, version: "1.2.3", stopping: stopping.signal },
    settings: {
      ...{ maxConnections: 100, allowedOrigins: ["https://*.example.com"], messageMaxBytes: 65_536, queueMaxBytes: 1 << 20 },
      rootUrl: "http://grafana.test/",
      ...settings,
    },
  });
  const delegate = () => Promise.reject(notFound("paths", "this"));
  const handler = legacyHandler({
    ...{ ...common, limits, authorizer, channels, live, delegate },
    client: createApiClient({ handler: delegate, user: dataPlaneUser }),
    server: { version: "1.2.3", commit: "abc", reload: () => Promise.resolve() },
  });
  const server = await listen(handler);
  const url = `ws://127.0.0.1:${server.port}/api/live/ws`;
  const clients: Centrifuge[] = [];
  return {
    ...{ live, channels, stopping, handler, url, asked },
    client(): Centrifuge {
      const client = new Centrifuge(url, { websocket: WebSocket, minReconnectDelay: 20, maxReconnectDelay: 50 });
      clients.push(client);
      client.connect();
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.disconnect();
      stopping.abort();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What comes from now on. */
export const published = (subscription: Subscription): PublicationContext[] => {
  const seen: PublicationContext[] = [];
  subscription.on("publication", (publication) => seen.push(publication));
  return seen;
};

/** Rejects after 15 s. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${holds.toString()}`);
    await pause(3);
  }
}

/** Sends frames as they are, and reads until the server closes. */
export const raw = async (
  url: string,
  frames: readonly (string | Buffer)[],
  options = {},
): Promise<{ readonly code: number; readonly texts: string[] }> => {
  const socket = new WebSocket(url, options);
  const texts: string[] = [];
  socket.on("message", (data: Buffer) => texts.push(...data.toString("utf8").split("\n")));
  socket.on("error", () => undefined);
  await once(socket, "open");
  for (const text of frames) socket.send(text);
  const [code] = (await once(socket, "close")) as [number];
  return { code, texts };
};

/** The first command of every client. */
export const connect = '{"id":1,"connect":{}}';
