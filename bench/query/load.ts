import path from "node:path";
import { bareEnvironment, runProcess } from "../../conformance/testing/run-process.js";
import { cpuSeconds, machineCpuSeconds } from "../measure/process-usage.js";
import type { Contestant } from "./contestant.js";

/** What one run of wrk showed. */
export interface Load {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the server's process for each request, in milliseconds; the plugin's likewise. */
  readonly serverCpuMs: number;
  readonly pluginCpuMs: number;
  /** Cores that were busy with none of server and plugin: wrk's share, and whatever else runs on the machine. */
  readonly otherCores: number;
}

interface Wrk {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

const postQuery = path.join(import.meta.dirname, "post.lua");
/** Of wrk: alone it is a GET; other scripts end with it. */
export const report = path.join(path.dirname(import.meta.dirname), "measure", "report.lua");

/** Loads a server with keep-alive connections from one thread, by what a script of wrk asks. Throws when any answer was not a 200. */
export async function load(contestant: Contestant, connections: number, seconds: number, script = postQuery): Promise<Load> {
  const { url, authorization, serverPid, pluginPid } = contestant;
  const before = usage(serverPid, pluginPid);
  const wrk = runProcess("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "--latency", "-s", script, url], {
    env: bareEnvironment({ REPORT: report, ...(authorization === undefined ? {} : { AUTHORIZATION: authorization }) }),
  });
  await wrk.end;
  const after = usage(serverPid, pluginPid);
  const printed = /^JSON (.*)$/m.exec(wrk.stdout())?.[1];
  if (printed === undefined) throw new Error(`wrk: ${wrk.stdout()}${wrk.stderr()}`);
  const result = JSON.parse(printed) as Wrk;
  if (result.failed > 0) throw new Error(`${contestant.name}: ${result.failed} of ${result.requests} requests failed`);
  const server = after.server - before.server;
  const plugin = after.plugin - before.plugin;
  return {
    requestsPerSecond: result.requests / result.seconds,
    p50Ms: result.p50,
    p99Ms: result.p99,
    serverCpuMs: (server * 1000) / result.requests,
    pluginCpuMs: (plugin * 1000) / result.requests,
    otherCores: (after.machine - before.machine - server - plugin) / (after.at - before.at),
  };
}

const usage = (server: number, plugin: number): Readonly<Record<"server" | "plugin" | "machine" | "at", number>> => ({
  server: cpuSeconds(server),
  plugin: cpuSeconds(plugin),
  machine: machineCpuSeconds(),
  at: performance.now() / 1000,
});
