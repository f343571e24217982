import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GrpcCode } from "@dataplane/plugin-protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Plugin } from "./plugin.js";
import { currentPlatform } from "./plugin-command.js";
import type { PluginHost } from "./plugin-host.js";
import { processIdentity } from "./process-identity.js";
import { aContext } from "./testing/a-query.js";
import { barePlugin } from "./testing/bare-plugin.js";
import { ScratchFolder } from "./testing/plugin-folder.js";
import { pluginOf, startHost, stateOf } from "./testing/start-host.js";
import { until } from "./testing/until.js";

const { signal } = new AbortController();
const executable = `gpx_${currentPlatform.goos}_${currentPlatform.goarch}`;
const healthy = { "/grpc.health.v1.Health/Check": 12, "/pluginv2.Diagnostics/CheckHealth": 0, "/plugin.GRPCController/Shutdown": 12 };
const good = barePlugin(healthy);
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

const watching = (changes: Parameters<typeof startHost>[2] = {}): PluginHost => {
  host = startHost(scratch.path, undefined, { watchPeriodMs: 40, drainMs: 2000, ...changes });
  return host;
};

/** Replaces a file as careful programs do: whole. */
function replace(directory: string, script: string): void {
  const file = join(directory, executable);
  writeFileSync(`${file}.new`, `#!/usr/bin/env node\n${script}`);
  renameSync(`${file}.new`, file);
}

const running = async (of: PluginHost, id: string): Promise<number> =>
  (await stateOf(of, id, ({ phase, pid }) => phase === "running" && pid !== undefined)).pid ?? -1;

/** Not so for one that waits to be reaped by a parent that never will. */
const isAlive = (pid: number): boolean => processIdentity(pid) !== undefined;

const answers = async (plugin: Plugin): Promise<unknown> =>
  (await plugin.client(signal)).checkHealth({ pluginContext: aContext, headers: {} }, { signal, timeoutMs: 30_000 });

test("a new executable takes over when it is ready, and the old process ends", async () => {
  const directory = scratch.plugin("one", good);
  const of = watching();
  const first = await running(of, "one");
  replace(directory, `${good}// second`);
  const state = await stateOf(of, "one", ({ pid, reload }) => pid !== first && reload !== undefined);
  expect(state).toMatchObject({ phase: "running", note: "plaintext: the plugin offered no certificate", reload: { outcome: "Reloaded" } });
  await until("the old process ends", () => (isAlive(first) ? undefined : true));
  await answers(pluginOf(of, "one"));
});

test("a changed plugin.json is obeyed, and the new process is told its version", async () => {
  const directory = scratch.plugin("one", `console.error("version " + process.env.GF_PLUGIN_VERSION);${good}`);
  const of = watching();
  await running(of, "one");
  scratch.plugin("one", `console.error("version " + process.env.GF_PLUGIN_VERSION);${good}`, { info: { version: "2.0.0" }, streaming: true });
  await stateOf(of, "one", ({ reload }) => reload?.outcome === "Reloaded");
  expect(pluginOf(of, "one").json).toMatchObject({ version: "2.0.0", streaming: true });
  expect(pluginOf(of, "one").directory).toBe(directory);
});

test("a call in flight finishes in the old process; the client that was taken before is served by the new one", async () => {
  const answer = "stream.end(Buffer.from([0, 0, 0, 0, 0]));";
  const slow = good.replace(
    answer,
    `const look = setInterval(() => require("node:fs").existsSync("go") && (clearInterval(look), ${answer.slice(0, -1)}), 10);`,
  );
  const directory = scratch.plugin("one", slow);
  const of = watching({ drainMs: 60_000 });
  const first = await running(of, "one");
  const taken = await pluginOf(of, "one").client(signal);
  const call = taken.checkHealth({ pluginContext: aContext, headers: {} }, { signal, timeoutMs: 30_000 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  replace(directory, good);
  await stateOf(of, "one", ({ pid }) => pid !== first);
  expect(isAlive(first)).toBe(true);
  writeFileSync(join(directory, "go"), "");
  await call;
  await until("the old process ends", () => (isAlive(first) ? undefined : true));
  await taken.checkHealth({ pluginContext: aContext, headers: {} }, { signal, timeoutMs: 30_000 });
});

test("a call that does not end keeps the old process only as long as it may", async () => {
  const directory = scratch.plugin("one", good.replace("stream.end(Buffer.from([0, 0, 0, 0, 0]));", ""));
  const of = watching({ drainMs: 300 });
  const first = await running(of, "one");
  const call = answers(pluginOf(of, "one")).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 100));
  replace(directory, good);
  await until("the old process ends", () => (isAlive(first) ? undefined : true));
  expect(await call).toBeInstanceOf(Error);
  expect(pluginOf(of, "one").state.phase).toBe("running");
});

test.each([
  ["does not start", "process.exit(7);", "exited with code 7"],
  ["is no plugin", 'console.log("hello"); setInterval(() => {}, 1000);', "no handshake"],
])("a new executable that %s leaves the old process at work, with a note", async (_name, script, why) => {
  const directory = scratch.plugin("one", good);
  const of = watching();
  const first = await running(of, "one");
  replace(directory, script);
  const state = await stateOf(of, "one", ({ reload }) => reload?.outcome === "ReloadFailed");
  expect(state).toMatchObject({ phase: "running", pid: first, reload: { message: expect.stringContaining(why) as unknown } });
  expect(state.note).toContain(`not reloaded: `);
  await answers(pluginOf(of, "one"));
  replace(directory, `${good}// mended`);
  const mended = await stateOf(of, "one", ({ reload }) => reload?.outcome === "Reloaded");
  expect(mended.note).not.toContain("not reloaded");
});

test("a file that is still being written is not taken", async () => {
  const directory = scratch.plugin("one", good);
  const of = watching({ watchPeriodMs: 150 });
  const first = await running(of, "one");
  const file = join(directory, executable);
  const text = `#!/usr/bin/env node\n${good}// second`;
  for (let end = 40; end < text.length; end += 200) {
    writeFileSync(file, text.slice(0, end));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(pluginOf(of, "one").state).toMatchObject({ pid: first, reload: undefined });
  }
  writeFileSync(file, text);
  expect(await stateOf(of, "one", ({ reload }) => reload !== undefined)).toMatchObject({ reload: { outcome: "Reloaded" } });
});

test("a plugin.json that is broken later leaves the plugin at work; its folder's end is its own", async () => {
  const directory = scratch.plugin("one", good);
  const of = watching();
  const first = await running(of, "one");
  writeFileSync(join(directory, "plugin.json"), "{");
  const state = await stateOf(of, "one", ({ reload }) => reload?.outcome === "ReloadFailed");
  expect(state).toMatchObject({ phase: "running", pid: first, reload: { message: expect.stringContaining("not JSON") as unknown } });
  rmSync(directory, { recursive: true });
  await until("the plugin is gone", () => (of.get("one") === undefined ? true : undefined));
  await until("its process has ended", () => (isAlive(first) ? undefined : true));
  expect(of.problems()).toEqual([]);
});

test("a plugin.json that comes back as it was leaves no trace", async () => {
  const directory = scratch.plugin("one", good);
  const of = watching();
  const first = await running(of, "one");
  const { since } = pluginOf(of, "one").state;
  const file = join(directory, "plugin.json");
  renameSync(file, join(scratch.path, "kept.json"));
  writeFileSync(file, "{");
  await stateOf(of, "one", ({ reload }) => reload?.outcome === "ReloadFailed");
  renameSync(join(scratch.path, "kept.json"), file);
  const state = await stateOf(of, "one", ({ reload }) => reload === undefined);
  expect(state).toMatchObject({ phase: "running", pid: first, since, note: "plaintext: the plugin offered no certificate" });
});

test("a plugin that is added while the host runs is started, and what was no plugin before becomes one", async () => {
  const of = watching();
  expect(of.list()).toEqual([]);
  const staged = scratch.plugin("staged", good);
  renameSync(staged, join(scratch.path, "staged"));
  await until("it is away", () => (of.get("staged") === undefined ? true : undefined));
  cpSync(join(scratch.path, "staged"), staged, { recursive: true });
  await until("it is found", () => of.get("staged"));
  await running(of, "staged");
});

test("a plugin without an executable is started as soon as it has one", async () => {
  const directory = scratch.plugin("one", good);
  renameSync(join(directory, executable), join(scratch.path, "later"));
  const of = watching();
  await stateOf(of, "one", ({ reason }) => reason === "NoExecutable");
  renameSync(join(scratch.path, "later"), join(directory, executable));
  expect(await stateOf(of, "one", ({ phase }) => phase === "running")).toMatchObject({ phase: "running" });
});

test("a restart that is asked for brings a new process, without a gap", async () => {
  scratch.plugin("one", good);
  const of = watching({ watchPeriodMs: 0 });
  const first = await running(of, "one");
  await pluginOf(of, "one").restart();
  expect(pluginOf(of, "one").state).toMatchObject({ phase: "running", reload: { outcome: "Reloaded" } });
  expect(pluginOf(of, "one").state.pid).not.toBe(first);
});

test("restarts that are asked for at once come one after another, and leave one process", async () => {
  scratch.plugin("one", good);
  const of = watching({ watchPeriodMs: 0 });
  const pids = new Set([await running(of, "one")]);
  of.onChange(() => void pids.add(pluginOf(of, "one").state.pid ?? -1));
  await Promise.all(Array.from({ length: 4 }, () => pluginOf(of, "one").restart()));
  expect(await until("one is left", () => ([...pids].filter(isAlive).length === 1 ? true : undefined))).toBe(true);
});

test("a plugin that was given up is started by a restart, which says when that fails too", async () => {
  const directory = scratch.plugin("one", "process.exit(4);");
  const of = watching({ watchPeriodMs: 0, giveUpAfter: 2 });
  const state = await stateOf(of, "one", ({ phase }) => phase === "failed");
  expect(state).toMatchObject({ reason: "GaveUp", message: expect.stringContaining("given up after 2 ends in a row") as unknown });
  await expect(pluginOf(of, "one").client(signal)).rejects.toMatchObject({ reason: "GaveUp", retryAfterSeconds: 60 });
  await expect(pluginOf(of, "one").restart()).rejects.toThrow("exited with code 4");
  replace(directory, good);
  await pluginOf(of, "one").restart();
  expect(pluginOf(of, "one").state).toMatchObject({ phase: "running", reason: "Running" });
});

test("a plugin that was given up is started again when its files change", async () => {
  const directory = scratch.plugin("one", "process.exit(4);");
  const of = watching({ giveUpAfter: 1 });
  await stateOf(of, "one", ({ reason }) => reason === "GaveUp");
  replace(directory, good);
  expect(await running(of, "one")).toBeGreaterThan(0);
});

test("nothing is left of a plugin's own children, nor after the host's end of a reload that was under way", async () => {
  const child = `const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    require("node:fs").writeFileSync("child.pid", String(child.pid));`;
  const directory = scratch.plugin("one", `${child}${good}`);
  const of = watching();
  const first = await running(of, "one");
  expect(existsSync(join(directory, "child.pid"))).toBe(true);
  const grandchild = Number(readFileSync(join(directory, "child.pid"), "utf8"));
  expect(isAlive(grandchild)).toBe(true);
  replace(directory, "setInterval(() => {}, 1000);");
  await new Promise((resolve) => setTimeout(resolve, 200));
  await of.stop();
  await until("both are gone", () => ([first, grandchild].some(isAlive) ? undefined : true));
});

test("a host that dies ends its processes at once, also one that is just starting", async () => {
  scratch.plugin("one", good);
  scratch.plugin("slow", 'require("node:fs").writeFileSync("own.pid", String(process.pid)); setInterval(() => {}, 1000);');
  const of = watching();
  const first = await running(of, "one");
  const file = join(pluginOf(of, "slow").directory, "own.pid");
  await until("the slow one begins", () => (existsSync(file) ? true : undefined));
  const slow = Number(readFileSync(file, "utf8"));
  of.kill();
  expect(await until("both are gone", () => ([first, slow].some(isAlive) ? undefined : true))).toBe(true);
});

test.runIf(process.platform === "linux")("a plugin over its memory limit is ended with the reason OOM, and started again", async () => {
  scratch.plugin("one", `${good} const held = []; setTimeout(() => setInterval(() => held.push(Buffer.alloc(32 << 20, 1)), 20), 300);`);
  const of = watching({ memoryLimitBytes: 200 << 20 });
  const first = await running(of, "one");
  const state = await stateOf(of, "one", ({ reason }) => reason === "OOM");
  expect(state.message).toMatch(/it held \d+ MiB of memory, over the limit of 200 MiB/);
  await stateOf(of, "one", ({ phase, pid }) => phase === "running" && pid !== first);
});

test("an executable that may not be run yet is tried again when it may", async () => {
  const directory = scratch.plugin("one", good);
  const file = join(directory, executable);
  writeFileSync(file, `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ./real.js\n`, { mode: 0o644 });
  writeFileSync(join(directory, "real.js"), good);
  chmodSync(file, 0o644);
  const of = watching({ giveUpAfter: 1 });
  const state = await stateOf(of, "one", ({ reason }) => reason === "GaveUp");
  expect(state.message).toContain("EACCES");
  chmodSync(file, 0o755);
  await running(of, "one");
});

test("a crash loop of an hour starts the plugin at most once a minute, waits for nothing else, and then gives up", async () => {
  scratch.plugin("one", "process.exit(1);");
  let now = Date.now();
  const starts: number[] = [];
  const clock = {
    now: () => new Date(now),
    // Time passes only while the host waits.
    sleep: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
  const begin = now;
  const of = watching({ clock, watchPeriodMs: 0 });
  of.onChange(() => {
    const { restarts, phase } = pluginOf(of, "one").state;
    if (phase === "backoff") starts[restarts] = now - begin;
  });
  const state = await stateOf(of, "one", ({ phase }) => phase === "failed");
  expect(state).toMatchObject({ reason: "GaveUp", restarts: 59 });
  expect((now - begin) / 60_000).toBeGreaterThan(50);
  expect((now - begin) / 60_000).toBeLessThan(65);
  const pauses = starts.slice(6).map((at, index) => at - (starts[index + 5] ?? 0));
  expect(pauses.every((pause) => pause === 60_000)).toBe(true);
}, 60_000);

test("killed while it decides on an object, it fails that call at once, and the next one is served by another process", async () => {
  const silent = good
    .replace("stream.end(Buffer.from([0, 0, 0, 0, 0]));", "")
    .replace(/^const answers = .*$/m, 'const answers = { "/pluginv2.AdmissionControl/ValidateAdmission": 0 };');
  scratch.plugin("one", silent);
  const of = watching();
  const pid = await running(of, "one");
  const client = await pluginOf(of, "one").client(signal);
  const request = {
    pluginContext: aContext,
    operation: 0,
    kind: { group: "g", version: "v1", kind: "K" },
    objectBytes: new Uint8Array(),
    oldObjectBytes: new Uint8Array(),
  } as const;
  const call = client.validateAdmission(request, { signal }).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 100));
  process.kill(pid, "SIGKILL");
  expect(await call).toMatchObject({ code: GrpcCode.Unavailable });
  // Nothing else would end it.
  await pluginOf(of, "one").client(signal);
  expect(pluginOf(of, "one").state.pid).not.toBe(pid);
});

test("a plugin.json that is written again and again, also in pieces, is taken old or new, never as a mix", async () => {
  const directory = scratch.plugin("one", good, { name: "v0", info: { version: "0.0.0" } });
  const of = watching({ watchPeriodMs: 5 });
  await running(of, "one");
  const mixes: string[] = [];
  const look = (): void => {
    const { name, version } = pluginOf(of, "one").json;
    if (version !== `${name.slice(1)}.0.0`) mixes.push(`${name} ${version}`);
  };
  of.onChange(look);
  const file = join(directory, "plugin.json");
  for (let turn = 1; turn <= 1000; turn += 1) {
    const text = JSON.stringify({
      id: "one",
      type: "datasource",
      name: `v${turn}`,
      backend: true,
      executable: "gpx",
      info: { version: `${turn}.0.0` },
    });
    if (turn % 3 === 0) writeFileSync(file, text.slice(0, text.length / 2));
    // Some stay long enough to be looked at.
    if (turn % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(file, text);
    look();
  }
  await until("the last one is taken", () => (pluginOf(of, "one").json.name === "v1000" ? true : undefined));
  expect(mixes).toEqual([]);
  await answers(pluginOf(of, "one"));
});
