import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codecs } from "../codecs.js";
import { GrpcCode, GrpcError, type GrpcLink } from "../grpc-link.js";
import { links } from "../links.js";
import { aPluginContext } from "../testing/a-plugin-context.js";
import { type Peer, startEchoPlugin } from "../testing/start-peer.js";
import { type MessageJson, messageFromJson, messageToJson } from "./message-json.js";
import type { RecordedCall } from "./recorded-call.js";
import { openRecording, RecordingError, readRecording } from "./recording-file.js";
import { recordingLink } from "./recording-link.js";
import { redact, redactResponse } from "./redact.js";
import { replayPlugin } from "./replay-plugin.js";
import { requestKey } from "./request-key.js";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test("any message comes back byte for byte", () => {
  const message = fc.letrec((tie) => ({
    value: fc.oneof(fc.uint8Array(), fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.array(tie("value"), { maxLength: 3 }), tie("map")),
    map: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("$text", "$base64", "$$", "__proto__")), tie("value"), { maxKeys: 4 }),
  })).map;
  fc.assert(
    fc.property(message, (it) => {
      const line = JSON.stringify(messageToJson(it));
      expect(messageFromJson(JSON.parse(line) as MessageJson)).toEqual(it);
    }),
  );
});

test("bytes that are text read as text, also with a byte order mark", () => {
  expect(messageToJson(new TextEncoder().encode("\uFEFF{}"))).toEqual({ $text: "\uFEFF{}" });
  expect(messageFromJson({ $text: "\uFEFF{}" })).toEqual(new TextEncoder().encode("\uFEFF{}"));
  expect(messageToJson(new Uint8Array([0xff]))).toEqual({ $base64: "/w==" });
});

describe("secrets", () => {
  const request = {
    pluginContext: {
      dataSourceInstanceSettings: { uid: "one", decryptedSecureJsonData: { password: "s3cr€t/with specials", pin: "12" } },
      grafanaConfig: { GF_APP_URL: "http://x", GF_PLUGIN_APP_CLIENT_SECRET: "app-secret" },
    },
    headers: { Authorization: "Bearer bearer-token", http_Accept: "*/*", "http_X-Api-Key": "api-key-value", Cookie: "session=abcdef" },
    queries: [{ json: encode({ expr: "select 's3cr€t/with specials' where pin = 12" }) }],
  };

  test("go by their place, and from wherever else they occur", () => {
    const { message } = redact(request);
    const text = JSON.stringify(messageToJson(message));
    for (const secret of ["s3cr€t", "app-secret", "bearer-token", "api-key-value", "abcdef"]) expect(text).not.toContain(secret);
    for (const kept of ["http://x", "*/*", '"password"', '"uid":"one"', "pin = 12"]) expect(text).toContain(kept);
  });

  test("that an answer repeats, in JSON, in a URL or among bytes, are as many stars", () => {
    const { secrets } = redact(request);
    const body = Buffer.concat([Buffer.from([0xff, 0]), Buffer.from("a bearer-token b")]);
    const response = {
      code: 200,
      headers: { "Set-Cookie": { values: ["id=new-session"] }, Location: { values: ["/?p=s3cr%E2%82%ACt%2Fwith%20specials"] } },
      body,
    };
    const masked = redactResponse(response, secrets) as { readonly body: Uint8Array };
    expect(masked.body).toHaveLength(body.length);
    expect(Buffer.from(masked.body).toString("latin1")).toContain("a ************ b");
    const text = JSON.stringify(masked);
    expect(text).not.toContain("new-session");
    expect(text).not.toContain("s3cr%E2");
  });

  test("stay in the message that is passed on", () => {
    expect(request.headers.Authorization).toBe("Bearer bearer-token");
    expect(request.pluginContext.dataSourceInstanceSettings.decryptedSecureJsonData.pin).toBe("12");
  });
});

test("requests are the same whoever asks and in whatever order their keys are; exactly so only at the same time", () => {
  const of = (user: string, from: number, json: object): MessageJson =>
    messageToJson({
      pluginContext: { namespace: "default", user: { login: user } },
      queries: [{ timeRange: { fromEpochMS: from }, json: encode(json) }],
    });
  const one = of("ann", 1, { a: 1, b: 2 });
  const other = of("bob", 1, { b: 2, a: 1 });
  const later = of("ann", 2, { a: 1, b: 2 });
  expect(requestKey("queryData", other, true)).toBe(requestKey("queryData", one, true));
  expect(requestKey("queryData", later, true)).not.toBe(requestKey("queryData", one, true));
  expect(requestKey("queryData", later, false)).toBe(requestKey("queryData", one, false));
  expect(requestKey("queryData", of("ann", 1, { a: 2 }), false)).not.toBe(requestKey("queryData", one, false));
  expect(requestKey("queryChunkedData", one, true)).not.toBe(requestKey("queryData", one, true));
});

describe("a recorded connection", () => {
  let peer: Peer;
  let link: GrpcLink;
  let calls: RecordedCall[];
  const pluginContext = aPluginContext();
  const options = { signal: new AbortController().signal, timeoutMs: 10_000 };
  beforeAll(async () => {
    peer = await startEchoPlugin(false);
    calls = [];
    link = recordingLink(await links.native(peer.target, 5000), (call) => calls.push(call));
  });
  afterAll(() => {
    link.close();
    peer.stop();
  });

  const queryRequest = (refId: string) =>
    codecs.queryData.encodeRequest({
      pluginContext,
      headers: {},
      format: 1,
      queries: [{ refId, queryType: "", maxDataPoints: 1, intervalMS: 1, timeRange: { fromEpochMS: 0, toEpochMS: 1 }, json: encode({}) }],
    });

  test("tells of an answer, a failure with its source, and a stream that was left; and all of it can be played again", async () => {
    await link.unary(codecs.checkHealth.path, codecs.checkHealth.encodeRequest({ pluginContext, headers: {} }), options);
    await expect(link.unary(codecs.queryData.path, queryRequest("grpc"), options)).rejects.toThrow("bad");
    const stream = codecs.runStream.encodeRequest({ pluginContext, path: "p", data: new Uint8Array(), headers: {} });
    let seen = 0;
    for await (const _ of link.serverStream(codecs.runStream.path, stream, options)) {
      seen += 1;
      if (seen === 3) break;
    }
    expect(calls.map(({ method, responses, end }) => [method, responses.length, typeof end === "string" ? end : end.code])).toEqual([
      ["checkHealth", 1, "ok"],
      ["queryData", 0, GrpcCode.InvalidArgument],
      ["runStream", 3, "canceled"],
    ]);

    const plugin = replayPlugin(calls);
    const served = { signal: options.signal, metadata: {} };
    expect(await plugin.checkHealth?.({ pluginContext, headers: {} }, served)).toMatchObject({ message: "hello from echo" });
    const failed = plugin.queryData?.(codecs.queryData.decodeRequest(queryRequest("grpc")), served);
    await expect(failed).rejects.toMatchObject({ code: GrpcCode.InvalidArgument, metadata: { errorSource: "downstream" } });
    await expect(plugin.queryData?.(codecs.queryData.decodeRequest(queryRequest("new")), served)).rejects.toBeInstanceOf(GrpcError);
    expect(plugin.callResource).toBeUndefined();
    const left = new AbortController();
    const packets: string[] = [];
    const run = plugin.runStream?.({ pluginContext, path: "p", data: new Uint8Array(), headers: {} }, { signal: left.signal, metadata: {} }) ?? [];
    for await (const { data } of run) {
      packets.push(new TextDecoder().decode(data));
      // The stream was open when it was left, and stays so until it is left again.
      if (packets.length === 3) left.abort();
    }
    expect(packets).toEqual(["0", "1", "2"]);
  });

  test("tells nothing of a call that was given up before any answer, nor of the host's own calls", async () => {
    calls.length = 0;
    await expect(link.unary(codecs.checkHealth.path, queryRequest("x"), { ...options, signal: AbortSignal.abort() })).rejects.toThrow();
    await link.unary("/grpc.health.v1.Health/Check", new Uint8Array(), options);
    expect(calls).toEqual([]);
  });
});

test("a recording goes on in its file, which is its owner's alone; the same question gets the answers in their order, the last for ever", async () => {
  const folder = mkdtempSync(join(tmpdir(), "recording-"));
  try {
    const file = join(folder, "calls.jsonl");
    for (const message of ["first", "second"]) {
      openRecording(file, { id: "x" })({
        method: "checkHealth",
        request: { pluginContext: {} },
        responses: [{ status: 1, message, jsonDetails: { $text: "" } }],
        end: "ok",
      });
    }
    expect(readFileSync(file, "utf8").split("\n")).toHaveLength(4);
    expect(statSync(file).mode & 0o077).toBe(0);
    const other = join(folder, "notes.txt");
    writeFileSync(other, "mine");
    expect(() => openRecording(other, { id: "x" })).toThrow(RecordingError);
    expect(readFileSync(other, "utf8")).toBe("mine");
    const plugin = replayPlugin(readRecording(file).calls);
    const answers: unknown[] = [];
    const request = { pluginContext: { ...aPluginContext(), namespace: "" }, headers: {} };
    const { dataSourceInstanceSettings: _, ...context } = request.pluginContext;
    for (let asked = 0; asked < 3; asked += 1) {
      const answer = await plugin.checkHealth?.({ ...request, pluginContext: context }, { signal: new AbortController().signal, metadata: {} });
      answers.push(answer?.message);
    }
    expect(answers).toEqual(["first", "second", "second"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
