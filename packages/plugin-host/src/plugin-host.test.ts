import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAutoMtlsIdentity } from "@dataplane/plugin-protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PluginUnavailable } from "./plugin.js";
import { currentPlatform } from "./plugin-command.js";
import type { PluginHost } from "./plugin-host.js";
import { barePlugin } from "./testing/bare-plugin.js";
import { ScratchFolder } from "./testing/plugin-folder.js";
import { pluginOf, rememberingLogger, startHost, stateOf } from "./testing/start-host.js";

const { signal } = new AbortController();
let scratch: ScratchFolder;
let host: PluginHost | undefined;

beforeEach(() => {
  scratch = new ScratchFolder();
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
  scratch.remove();
});

const forever = "setInterval(() => {}, 1000);";

test.each([
  ["prints something else", `console.log("Hello, world"); ${forever}`, "no handshake"],
  ["speaks another protocol version", `console.log("1|3|unix|/tmp/x|grpc|"); ${forever}`, "plugin protocol version"],
  [
    "announces a socket that nobody listens on",
    `console.log("1|2|unix|" + process.env.PLUGIN_UNIX_SOCKET_DIR + "/x|grpc|"); ${forever}`,
    "no gRPC connection",
  ],
  ["listens in plaintext outside its folder", `console.log("1|2|unix|/tmp/elsewhere|grpc|"); ${forever}`, "outside the private folder"],
  ["exits at once", `console.error("cannot read my settings"); process.exit(3);`, "exited with code 3 (it said: cannot read my settings)"],
  ["prints a line without an end", `process.stdout.write("x".repeat(1 << 20)); ${forever}`, "over 16384 bytes"],
  ["prints nothing", forever, "no handshake within 2 s"],
])("a plugin that %s fails to start, and says why", async (_name, script, why) => {
  scratch.plugin("broken", script);
  host = startHost(scratch.path, undefined, { startTimeoutMs: 2000 });
  const state = await stateOf(host, "broken", ({ message }) => message.includes(why));
  expect(state.message).toContain(why);
  // Known to be down after its second failure: callers are not kept waiting.
  await stateOf(host, "broken", ({ phase }) => phase === "backoff");
  const begin = Date.now();
  await expect(pluginOf(host, "broken").client(signal)).rejects.toBeInstanceOf(PluginUnavailable);
  // Nothing like the 10 s that one which is starting is waited for.
  expect(Date.now() - begin).toBeLessThan(5000);
});

test("a plugin that crashes again and again is started less and less often, and called a crash loop", async () => {
  scratch.plugin("crashing", "process.exit(1);");
  const slept: number[] = [];
  const clock = {
    now: () => new Date(),
    sleep: (ms: number, stopped?: AbortSignal) => {
      slept.push(ms);
      return slept.length < 6 || stopped === undefined
        ? Promise.resolve()
        : new Promise<void>((_resolve, reject) => stopped.addEventListener("abort", () => reject(new Error("stopped")), { once: true }));
    },
  };
  host = startHost(scratch.path, undefined, { clock });
  const state = await stateOf(host, "crashing", ({ message }) => message.includes("60 s") && slept.length >= 5);
  expect(state).toMatchObject({ phase: "backoff", reason: "CrashLoopBackOff" });
  expect(slept.slice(0, 5)).toEqual([1000, 2000, 4000, 8000, 60_000]);
  await expect(pluginOf(host, "crashing").client(signal)).rejects.toMatchObject({ reason: "CrashLoopBackOff", retryAfterSeconds: 60 });
});

test("a call to a plugin that is slow to start waits, but not for ever", async () => {
  scratch.plugin("slow", forever);
  host = startHost(scratch.path, undefined, { startWaitMs: 200 });
  const begin = Date.now();
  await expect(pluginOf(host, "slow").client(signal)).rejects.toMatchObject({ reason: "Starting", retryAfterSeconds: 1 });
  expect(Date.now() - begin).toBeGreaterThanOrEqual(190);
});

test("a plugin is given the environment of the handshake and its own settings, and nothing else of the host's", async () => {
  process.env["DATAPLANE_TEST_SECRET"] = "leak";
  scratch.plugin("env", "console.error(JSON.stringify(process.env)); setInterval(() => {}, 1000);");
  const { logger, lines } = rememberingLogger();
  host = startHost(scratch.path, undefined, { logger, settingsFor: (id) => ({ GF_PLUGIN_CACHE: `5 for ${id}` }) });
  const started = Date.now();
  while (lines.length === 0 && Date.now() - started < 15_000) await new Promise((resolve) => setTimeout(resolve, 20));
  delete process.env["DATAPLANE_TEST_SECRET"];
  const env = JSON.parse(lines[0]?.message ?? "{}") as Record<string, string>;
  expect(env).toMatchObject({ grafana_plugin_type: "datasource", PLUGIN_PROTOCOL_VERSIONS: "2", GF_VERSION: "12.0.0", GF_PLUGIN_CACHE: "5 for env" });
  expect(env["PLUGIN_CLIENT_CERT"]).toContain("BEGIN CERTIFICATE");
  expect(env).not.toHaveProperty("DATAPLANE_TEST_SECRET");
  const known = /^(PATH|TMPDIR|.*_proxy|.*_PROXY|GF_.*|PLUGIN_.*|grafana_plugin_type|__CF_USER_TEXT_ENCODING)$/;
  expect(Object.keys(env).filter((name) => !known.test(name))).toEqual([]);
});

test("log lines of a plugin come at their level, other output as a warning, and floods are cut", async () => {
  scratch.plugin(
    "chatty",
    `console.error(JSON.stringify({ "@level": "error", "@message": "no such table", "@timestamp": "t", table: "x" }));
     console.error("panic: runtime error");
     console.error("y".repeat(100000));
     for (let i = 0; i < 5000; i += 1) console.error("flood");
     setInterval(() => {}, 1000);`,
  );
  const { logger, lines } = rememberingLogger();
  host = startHost(scratch.path, undefined, { logger });
  const started = Date.now();
  while (!lines.some(({ message }) => message === "flood") && Date.now() - started < 15_000) await new Promise((resolve) => setTimeout(resolve, 20));
  await host.stop();
  expect(lines).toContainEqual({ level: "error", message: "no such table", fields: { table: "x", loggedAt: "t" } });
  expect(lines).toContainEqual({ level: "warn", message: "panic: runtime error", fields: { stream: "stderr" } });
  expect(lines.find(({ message }) => message.startsWith("y"))?.message).toHaveLength(16_384);
  expect(lines.filter(({ message }) => message === "flood").length).toBeLessThan(1000);
});

test("an unsigned plugin is a problem until its id or all are allowed; one without a backend is not started", () => {
  scratch.plugin("unsigned", forever);
  scratch.plugin("panel", forever, { type: "panel", backend: false });
  const directories = [{ path: join(scratch.path, "plugins"), signature: "unsigned" as const }];
  const strict = startHost(scratch.path, undefined, { directories });
  expect(strict.list()).toEqual([]);
  expect(strict.problems()).toEqual([
    expect.objectContaining({ pluginId: "unsigned", message: expect.stringContaining("allow_loading_unsigned_plugins") as unknown }),
  ]);
  host = startHost(scratch.path, undefined, { directories, allowUnsigned: ["unsigned"] });
  expect(host.list().map(({ id }) => id)).toEqual(["unsigned"]);
});

test("a plugin without an executable for this platform is failed at once and names the file", async () => {
  scratch.plugin("bare", forever, { executable: "other" });
  host = startHost(scratch.path);
  const state = await stateOf(host, "bare", ({ phase }) => phase === "failed");
  expect(state).toMatchObject({ reason: "NoExecutable", message: expect.stringContaining("other_") as unknown });
});

test("stopping during a start ends the process", async () => {
  scratch.plugin("slow", forever);
  const { logger } = rememberingLogger();
  host = startHost(scratch.path, undefined, { logger });
  await host.stop();
  expect(pluginOf(host, "slow").state.phase).toBe("stopped");
});

test("a plugin of an SDK without TLS is called in plaintext, with a note, and killed at the end since it knows no shutdown", async () => {
  scratch.plugin("bare", barePlugin());
  // A proxy is not for processes of this machine.
  process.env["http_proxy"] = "http://127.0.0.1:1";
  host = startHost(scratch.path);
  await pluginOf(host, "bare").client(signal);
  delete process.env["http_proxy"];
  const { note, pid = -1 } = pluginOf(host, "bare").state;
  expect(note).toBe("plaintext: the plugin offered no certificate");
  await host.stop();
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("without AutoMTLS a plugin is offered no certificate, its note says why, and TLS of its own is refused", async () => {
  scratch.plugin("bare", `if (process.env.PLUGIN_CLIENT_CERT !== undefined) process.exit(3); ${barePlugin()}`);
  const certificate = createAutoMtlsIdentity(new Date()).cert.replaceAll(/-----[^-]+-----|\s|=/g, "");
  scratch.plugin("asking", `console.log("1|2|unix|" + process.env.PLUGIN_UNIX_SOCKET_DIR + "/x|grpc|${certificate}"); ${forever}`);
  host = startHost(scratch.path, undefined, { autoMtls: false });
  await pluginOf(host, "bare").client(signal);
  expect(pluginOf(host, "bare").state.note).toBe("plaintext: [plugins] auto_mtls is off");
  const asking = await stateOf(host, "asking", ({ message }) => message.includes("TLS"));
  expect(asking.message).toContain("the plugin asks for TLS, which it was not offered");
});

test("a plugin that ignores its shutdown is killed after two seconds", async () => {
  scratch.plugin("stubborn", `${barePlugin({ "/plugin.GRPCController/Shutdown": 0 })} process.on("SIGTERM", () => {});`);
  host = startHost(scratch.path);
  await pluginOf(host, "stubborn").client(signal);
  const { pid = -1 } = pluginOf(host, "stubborn").state;
  const begin = Date.now();
  await host.stop();
  expect(Date.now() - begin).toBeGreaterThan(1900);
  expect(Date.now() - begin).toBeLessThan(20_000);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("a file that is no program fails to start, and says why", async () => {
  const directory = scratch.plugin("data", forever);
  writeFileSync(join(directory, `gpx_${currentPlatform.goos}_${currentPlatform.goarch}`), "not a program");
  host = startHost(scratch.path);
  const { message } = await stateOf(host, "data", ({ phase }) => phase === "backoff");
  expect(message).toContain("could not be started");
});
