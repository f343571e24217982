import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AutoMtlsIdentity, createAutoMtlsIdentity } from "./auto-mtls.js";
import { codecs } from "./codecs.js";
import { GrpcCode, type GrpcLink } from "./grpc-link.js";
import { handshakeCookie, parseHandshake } from "./handshake.js";
import { links } from "./links.js";
import { emptyCodec, healthCheckRequestCodec, healthCheckResponseCodec, processMethods, ServingStatus, stdioDataCodec } from "./process-services.js";
import { aPluginContext } from "./testing/a-plugin-context.js";

let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sp-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  child = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const { signal } = new AbortController();
const cookie = { [handshakeCookie.name]: handshakeCookie.value };

async function start(env: Readonly<Record<string, string>>): Promise<{ plugin: ChildProcess; line: string }> {
  const script = join(import.meta.dirname, "testing/echo-plugin.ts");
  const plugin = spawn(process.execPath, ["--import", "tsx", "--conditions=source", script], {
    env: { PATH: process.env["PATH"], PLUGIN_UNIX_SOCKET_DIR: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child = plugin;
  const lines = createInterface(plugin.stdout);
  const [line] = (await once(lines, "line")) as [string];
  return { plugin, line };
}

async function open(line: string, identity?: AutoMtlsIdentity): Promise<GrpcLink> {
  const { address, serverCert } = parseHandshake(line);
  const tls = identity !== undefined && serverCert !== undefined ? { tls: { key: identity.key, cert: identity.cert, serverCert } } : {};
  return links["grpc-js"]({ address, ...tls }, 5000);
}

test("without the cookie the process says what it is on stderr and exits with 1", async () => {
  const script = join(import.meta.dirname, "testing/echo-plugin.ts");
  const plugin = spawn(process.execPath, ["--import", "tsx", "--conditions=source", script], {
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child = plugin;
  const notice: Buffer[] = [];
  plugin.stderr.on("data", (piece: Buffer) => notice.push(piece));
  const [code] = (await once(plugin, "close")) as [number];
  expect(code).toBe(1);
  expect(Buffer.concat(notice).toString()).toContain("is a plugin");
});

test("a plugin listens in the given folder, answers, and leaves nothing when it is shut down", async () => {
  const { plugin, line } = await start(cookie);
  const handshake = parseHandshake(line);
  expect(handshake.serverCert).toBeUndefined();
  expect(handshake.address.network === "unix" && dirname(handshake.address.path)).toBe(folder);
  const link = await open(line);
  const health = await link.unary(codecs.checkHealth.path, codecs.checkHealth.encodeRequest({ pluginContext: aPluginContext(), headers: {} }), {
    signal,
  });
  expect(codecs.checkHealth.decodeResponse(health)).toEqual({
    status: 1,
    message: "hello from echo",
    jsonDetails: expect.any(Uint8Array) as unknown,
  });

  const exited = once(plugin, "exit");
  await link.unary(processMethods.shutdown, emptyCodec.encode({}), { signal }).catch(() => undefined);
  expect(await exited).toEqual([0, null]);
  expect(readdirSync(folder)).toEqual([]);
  link.close();
});

test("with a host's certificate in its environment the plugin speaks TLS to that host only", async () => {
  const host = createAutoMtlsIdentity();
  const { line } = await start({ ...cookie, PLUGIN_CLIENT_CERT: host.cert });
  const link = await open(line, host);
  const answer = await link.unary(processMethods.healthCheck, healthCheckRequestCodec.encode({ service: "plugin" }), { signal });
  expect(healthCheckResponseCodec.decode(answer)).toEqual({ status: ServingStatus.SERVING });
  link.close();

  await expect(call(line, createAutoMtlsIdentity())).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  await expect(call(line)).rejects.toMatchObject({ code: GrpcCode.Unavailable });
});

async function call(line: string, identity?: AutoMtlsIdentity): Promise<Uint8Array> {
  const { address, serverCert } = parseHandshake(line);
  const tls = identity !== undefined && serverCert !== undefined ? { tls: { key: identity.key, cert: identity.cert, serverCert } } : {};
  const link = await links["grpc-js"]({ address, ...tls }, 1000);
  try {
    return await link.unary(processMethods.healthCheck, healthCheckRequestCodec.encode({ service: "plugin" }), { signal, timeoutMs: 1000 });
  } finally {
    link.close();
  }
}

test("an unknown service is NotFound, a call that the plugin lacks is Unimplemented", async () => {
  const { line } = await start(cookie);
  const link = await open(line);
  await expect(link.unary(processMethods.healthCheck, healthCheckRequestCodec.encode({ service: "x" }), { signal })).rejects.toMatchObject({
    code: GrpcCode.NotFound,
  });
  await expect(link.unary(codecs.collectMetrics.path, new Uint8Array(), { signal })).rejects.toMatchObject({ code: GrpcCode.Unimplemented });
  link.close();
});

test("what the plugin prints after its handshake comes by the stdio service", async () => {
  const { line } = await start(cookie);
  const link = await open(line);
  let text = "";
  for await (const piece of link.serverStream(processMethods.streamStdio, emptyCodec.encode({}), { signal })) {
    text += Buffer.from(stdioDataCodec.decode(piece).data).toString();
    if (text.includes("\n")) break;
  }
  expect(text).toBe("printed after the handshake\n");
  link.close();
});

test("an error's code and metadata reach the host, and a plain error is Unknown", async () => {
  const { line } = await start(cookie);
  const link = await open(line);
  await expect(query(link, "grpc")).rejects.toMatchObject({
    code: GrpcCode.InvalidArgument,
    message: "bad",
    metadata: { errorSource: "downstream" },
  });
  await expect(query(link, "plain")).rejects.toMatchObject({ code: GrpcCode.Unknown, message: "broken" });
  link.close();
});

test("leaving a stream cancels it in the plugin", async () => {
  const { line } = await start(cookie);
  const link = await open(line);
  const request = codecs.runStream.encodeRequest({ pluginContext: aPluginContext(), path: "ticks", data: new Uint8Array(), headers: {} });
  let packets = 0;
  for await (const packet of link.serverStream(codecs.runStream.path, request, { signal })) {
    expect(Buffer.from(codecs.runStream.decodeResponse(packet).data).toString()).toBe(String(packets));
    packets += 1;
    if (packets === 3) break;
  }
  let text = "";
  for await (const piece of link.serverStream(processMethods.streamStdio, emptyCodec.encode({}), { signal })) {
    text += Buffer.from(stdioDataCodec.decode(piece).data).toString();
    if (text.includes("stream was cancelled")) break;
  }
  expect(text).toContain("stream was cancelled");
  link.close();
});

test("a plugin whose host is gone ends by itself, and leaves no socket", async () => {
  const { plugin, line } = await start(cookie);
  const link = await open(line);
  const exited = once(plugin, "exit");
  plugin.stderr?.destroy();
  await query(link, "log").catch(() => undefined);
  await query(link, "log").catch(() => undefined);
  expect(await exited).toEqual([0, null]);
  expect(readdirSync(folder)).toEqual([]);
  link.close();
});

test("a plugin whose host was killed ends by itself, though nobody reads or closes its output", async () => {
  const script = join(import.meta.dirname, "testing/echo-plugin.ts");
  const args = JSON.stringify(["--import", "tsx", "--conditions=source", script]);
  const host = `require("node:child_process").spawn(process.execPath, ${args}, { stdio: "inherit" }); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["-e", host], {
    env: { PATH: process.env["PATH"], PLUGIN_UNIX_SOCKET_DIR: folder, ...cookie },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(createInterface(parent.stdout), "line");
  expect(readdirSync(folder)).toHaveLength(1);
  const closed = once(parent, "close");
  parent.kill("SIGKILL");
  // The plugin holds the same pipe: it closes when the plugin is gone.
  await closed;
  expect(readdirSync(folder)).toEqual([]);
});

function query(link: GrpcLink, refId: string): Promise<Uint8Array> {
  const timeRange = { fromEpochMS: 0, toEpochMS: 1 };
  const queries = [{ refId, maxDataPoints: 1, intervalMS: 1, timeRange, json: new Uint8Array(), queryType: "" }];
  return link.unary(codecs.queryData.path, codecs.queryData.encodeRequest({ pluginContext: aPluginContext(), headers: {}, format: 1, queries }), {
    signal,
  });
}
