import { setMaxListeners } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codecs } from "../codecs.js";
import { GrpcCode, type GrpcLink, type OpenLink } from "../grpc-link.js";
import { DataFrameFormat, type DataResponse } from "../messages.js";
import { healthCheckRequestCodec, healthCheckResponseCodec, processMethods, ServingStatus } from "../process-services.js";
import { aPluginContext } from "./a-plugin-context.js";
import { goTestPlugin, type Peer, startEchoPlugin, startPeer } from "./start-peer.js";

const { signal } = new AbortController();
// Hundreds of calls share it.
setMaxListeners(0, signal);
const go = goTestPlugin();

/** What every link must do, with our own server and with a plugin of the Go SDK, in plaintext and over mutual TLS. */
export function describeLink(name: string, open: OpenLink): void {
  for (const secure of [false, true]) {
    const over = secure ? "mutual TLS" : "plaintext";
    describe(`${name} link to our own server over ${over}`, () => describeAnyPeer(open, () => startEchoPlugin(secure)));
    describe.skipIf(go === undefined)(`${name} link to a Go plugin over ${over}`, () => {
      const start = (): Promise<Peer> => startPeer(go ?? "", [], secure);
      describeAnyPeer(open, start);
      describeGoPlugin(open, start);
    });
  }
  test(`${name}: nobody listens`, async () => {
    await expect(open({ address: { network: "unix", path: "/nonexistent/socket" } }, 300)).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  });
}

function describeAnyPeer(open: OpenLink, start: () => Promise<Peer>): void {
  let peer: Peer;
  let link: GrpcLink;
  beforeAll(async () => {
    peer = await start();
    link = await open(peer.target, 5000);
  });
  afterAll(() => {
    link.close();
    peer.stop();
  });
  const health = (service: string, options: { signal: AbortSignal; metadata?: Record<string, string> } = { signal }) =>
    link.unary(processMethods.healthCheck, healthCheckRequestCodec.encode({ service }), options);

  test("a call is answered, with metadata or without", async () => {
    expect(healthCheckResponseCodec.decode(await health("plugin"))).toEqual({ status: ServingStatus.SERVING });
    await health("plugin", { signal, metadata: { tenantid: "default", traceparent: "00-1-2-01" } });
  });

  test("a refusal keeps its code, and an unknown method is Unimplemented", async () => {
    await expect(health("nobody")).rejects.toMatchObject({ name: "GrpcError", code: GrpcCode.NotFound, message: "unknown service" });
    await expect(link.unary("/no.Such/Method", new Uint8Array(), { signal })).rejects.toMatchObject({ code: GrpcCode.Unimplemented });
  });

  test("many calls at once are all answered", async () => {
    const answers = await Promise.all(Array.from({ length: 500 }, () => health("plugin")));
    expect(answers).toHaveLength(500);
  });

  test("a call that is cancelled before it began is Canceled", async () => {
    await expect(health("plugin", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: GrpcCode.Canceled });
  });

  test("metadata that no header can carry is refused, and not repeated", async () => {
    const call = health("plugin", { signal, metadata: { tenantid: "a\r\nsecret" } });
    await expect(call).rejects.toMatchObject({ code: GrpcCode.InvalidArgument, message: expect.not.stringContaining("secret") as unknown });
  });

  test("when the peer is killed, calls in progress are Unavailable", async () => {
    const victim = await start();
    const other = await open(victim.target, 5000);
    const watch = other.serverStream(processMethods.healthWatch, healthCheckRequestCodec.encode({ service: "plugin" }), { signal });
    const messages = watch[Symbol.asyncIterator]();
    await messages.next();
    victim.stop();
    await expect(messages.next()).rejects.toMatchObject({ code: GrpcCode.Unavailable });
    await expect(other.unary(processMethods.healthCheck, new Uint8Array(), { signal })).rejects.toMatchObject({ code: GrpcCode.Unavailable });
    other.close();
  });
}

function describeGoPlugin(open: OpenLink, start: () => Promise<Peer>): void {
  let peer: Peer;
  let link: GrpcLink;
  beforeAll(async () => {
    peer = await start();
    link = await open(peer.target, 5000);
  });
  afterAll(() => {
    link.close();
    peer.stop();
  });
  const query = async (
    queryType: string,
    model: object,
    options: { signal: AbortSignal; timeoutMs?: number } = { signal },
  ): Promise<DataResponse | undefined> => {
    const request = codecs.queryData.encodeRequest({
      pluginContext: aPluginContext(),
      headers: {},
      format: DataFrameFormat.JSON,
      queries: [
        {
          refId: "A",
          maxDataPoints: 1,
          intervalMS: 1,
          timeRange: { fromEpochMS: 0, toEpochMS: 1 },
          json: Buffer.from(JSON.stringify(model)),
          queryType,
        },
      ],
    });
    return codecs.queryData.decodeResponse(await link.unary(codecs.queryData.path, request, options)).responses["A"];
  };

  test("answers of many megabytes come whole", async () => {
    const frame = (await query("rows", { rows: 300_000 }))?.frames[0] ?? new Uint8Array();
    const parsed = JSON.parse(Buffer.from(frame).toString()) as { data: { values: readonly (readonly unknown[])[] } };
    expect(frame.length).toBeGreaterThan(10 << 20);
    expect(parsed.data.values.map((column) => column.length)).toEqual([300_000, 300_000, 300_000, 300_000]);
  });

  test("a message over the limit is refused by its length, and the link goes on", async () => {
    const limited = await open(peer.target, 5000, { maxMessageBytes: 1 << 20 });
    const before = link;
    link = limited;
    try {
      await expect(query("rows", { rows: 300_000 })).rejects.toMatchObject({
        name: "GrpcError",
        code: GrpcCode.ResourceExhausted,
        limitBytes: 1 << 20,
      });
      expect((await query("small", {}))?.status).toBe(200);
    } finally {
      link = before;
      limited.close();
    }
  });

  test("a large request arrives whole; one over the plugin's limit is ResourceExhausted, and the link goes on", async () => {
    const pad = "x".repeat(10 << 20);
    const echoed = (await query("echo", { pad }))?.frames[0] ?? new Uint8Array();
    expect(echoed.length).toBeGreaterThan(pad.length);
    await expect(query("small", { pad: "x".repeat(17 << 20) })).rejects.toMatchObject({ code: GrpcCode.ResourceExhausted });
    expect((await query("small", {}))?.status).toBe(200);
  });

  test("cancelling and deadlines end a call on both sides", async () => {
    const caller = new AbortController();
    const call = query("slow", { delayMs: 60_000 }, { signal: caller.signal });
    setTimeout(() => caller.abort(), 30);
    await expect(call).rejects.toMatchObject({ code: GrpcCode.Canceled });
    await expect(query("slow", { delayMs: 60_000 }, { signal, timeoutMs: 30 })).rejects.toMatchObject({ code: GrpcCode.DeadlineExceeded });
  });

  test("a stream comes whole and in order, also to a reader who is slow", async () => {
    const request = codecs.callResource.encodeRequest({
      pluginContext: aPluginContext(),
      path: "chunks/10000",
      method: "GET",
      url: "chunks/10000",
      headers: {},
      body: new Uint8Array(),
    });
    let count = 0;
    for await (const message of link.serverStream(codecs.callResource.path, request, { signal })) {
      const { body } = codecs.callResource.decodeResponse(message);
      if (count % 1000 === 0) {
        expect(Buffer.from(body).toString()).toBe(`chunk ${count}\n`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      count += 1;
    }
    expect(count).toBe(10_000);
  });

  test("a reader who leaves ends the stream, and the link goes on", async () => {
    const request = codecs.runStream.encodeRequest({ pluginContext: aPluginContext(), path: "tick/1", data: new Uint8Array(), headers: {} });
    let count = 0;
    for await (const message of link.serverStream(codecs.runStream.path, request, { signal })) {
      expect(message.length).toBeGreaterThan(0);
      count += 1;
      if (count === 5) break;
    }
    expect((await query("small", {}))?.status).toBe(200);
  });

  test("a panic in the plugin is its failed call, not ours", async () => {
    await expect(link.unary(codecs.queryData.path, new Uint8Array(), { signal })).rejects.toMatchObject({ code: GrpcCode.Unknown });
  });
}
