import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PluginHost } from "./plugin-host.js";
import { barePlugin } from "./testing/bare-plugin.js";
import { ScratchFolder } from "./testing/plugin-folder.js";
import { startHost, stateOf } from "./testing/start-host.js";
import { until } from "./testing/until.js";

// Some leave the group by setsid, as daemons do.
const bomb = (seconds: string, shells: number, each: number): string => `
const { spawn } = require("node:child_process");
const fs = require("node:fs");
if (!fs.existsSync("thrown")) {
  fs.writeFileSync("thrown", "");
  const sleepers = "i=0; while [ $i -lt ${each} ]; do sleep ${seconds} & setsid sleep ${seconds} & i=$((i+1)); done; wait";
  setTimeout(() => { for (let i = 0; i < ${shells}; i += 1) spawn("/bin/sh", ["-c", sleepers], { stdio: "ignore", detached: i % 2 === 0 }); }, 300);
}
`;

/** Processes on this machine that sleep for that long, a number that is the test's own. */
const sleepers = (seconds: string): number =>
  readdirSync("/proc").filter((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, "latin1") === `sleep\0${seconds}\0`;
    } catch {
      return false;
    }
  }).length;

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

test.runIf(process.platform === "linux")(
  "a fork bomb is ended with all that it started, in its group and out of it, and harms no other plugin",
  {
    timeout: 60_000,
  },
  async () => {
    const seconds = `701.${process.pid}`;
    scratch.plugin("bomb", barePlugin() + bomb(seconds, 20, 10));
    scratch.plugin("other", barePlugin());
    host = startHost(scratch.path);
    const other = await stateOf(host, "other", ({ phase }) => phase === "running");
    const state = await stateOf(host, "bomb", ({ reason }) => reason === "TooManyProcesses");
    expect(state.message).toMatch(/it ran \d+ processes, over the limit of 256/);
    await until("all are gone", () => (sleepers(seconds) === 0 ? true : undefined));
    await stateOf(host, "bomb", ({ phase }) => phase === "running");
    expect(host.get("other")?.state).toMatchObject({ phase: "running", pid: other.pid, restarts: 0 });
  },
);

test.runIf(process.platform === "linux")(
  "what a plugin started is gone when it is stopped, though it left the plugin's group",
  { timeout: 60_000 },
  async () => {
    const seconds = `702.${process.pid}`;
    scratch.plugin("daemons", barePlugin() + bomb(seconds, 2, 5));
    host = startHost(scratch.path);
    await stateOf(host, "daemons", ({ phase }) => phase === "running");
    await until("all sleep", () => (sleepers(seconds) === 20 ? true : undefined));
    await host.stop();
    expect(sleepers(seconds)).toBe(0);
  },
);

test.runIf(process.platform === "linux")("memory that its children hold counts to a plugin's limit", { timeout: 60_000 }, async () => {
  const child = "const held = []; setInterval(() => held.push(Buffer.alloc(16 << 20, 1)), 20);";
  const script = `${barePlugin()} setTimeout(() => require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]), 300);`;
  scratch.plugin("heavy", script);
  host = startHost(scratch.path, undefined, { memoryLimitBytes: 400 << 20 });
  const state = await stateOf(host, "heavy", ({ reason }) => reason === "OOM");
  expect(state.message).toMatch(/it held \d+ MiB of memory, over the limit of 400 MiB/);
});
