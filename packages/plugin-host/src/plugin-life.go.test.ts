import { spawn } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { GrpcCode, links } from "@dataplane/plugin-protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Plugin, PluginState } from "./plugin.js";
import { currentPlatform } from "./plugin-command.js";
import type { PluginHost } from "./plugin-host.js";
import { processIdentity } from "./process-identity.js";
import { aQuery } from "./testing/a-query.js";
import { goTestPlugins, ScratchFolder } from "./testing/plugin-folder.js";
import { pluginOf, startHost, stateOf } from "./testing/start-host.js";
import { until } from "./testing/until.js";

const id = "acme-testplugin-datasource";
const { signal } = new AbortController();
const plugins = goTestPlugins();
const suffix = `_${currentPlatform.goos}_${currentPlatform.goarch}`;

describe.skipIf(plugins === undefined)("the life of a plugin built with the Go SDK", () => {
  let scratch: ScratchFolder;
  let directory: string;
  let executable: string;
  let host: PluginHost | undefined;
  const ended: (() => void)[] = [];

  beforeEach(() => {
    scratch = new ScratchFolder();
    directory = join(scratch.path, "plugins", id);
    cpSync(join(plugins ?? "", id), directory, { recursive: true });
    // A name of its own: a standalone plugin kills, by name, whatever else runs its executable on this machine.
    const name = `gpx_life_${process.pid}_${Date.now()}`;
    const original = readdirSync(directory).find((it) => it.endsWith(suffix)) ?? "";
    executable = join(directory, name + suffix);
    renameSync(join(directory, original), executable);
    const json = JSON.parse(readFileSync(join(directory, "plugin.json"), "utf8")) as object;
    writeFileSync(join(directory, "plugin.json"), JSON.stringify({ ...json, executable: name }));
  });
  afterEach(async () => {
    for (const end of ended.splice(0)) end();
    await host?.stop();
    host = undefined;
    scratch.remove();
  });

  const start = (changes: Parameters<typeof startHost>[2] = {}): Plugin => {
    host = startHost(scratch.path, undefined, { link: links.native, watchPeriodMs: 50, ...changes });
    return pluginOf(host, id);
  };
  const next = (wanted: (state: PluginState) => boolean): Promise<PluginState> => {
    if (host === undefined) throw new Error("no host");
    return stateOf(host, id, wanted);
  };
  const query = async (plugin: Plugin): Promise<number | undefined> =>
    (await (await plugin.client(signal)).queryData(aQuery("small"), { signal, timeoutMs: 10_000 })).responses["A"]?.status;

  test("replaced again and again under load, it fails no query", { timeout: 60_000 }, async () => {
    const plugin = start();
    await plugin.client(signal);
    const stop = new AbortController();
    const answers: unknown[] = [];
    const load = (async () => {
      const pending: Promise<unknown>[] = [];
      while (!stop.signal.aborted) {
        pending.push(
          query(plugin).then(
            (status) => answers.push(status),
            (error: unknown) => answers.push(error),
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await Promise.all(pending);
    })();
    for (let replaced = 0; replaced < 6; replaced += 1) {
      const { pid } = plugin.state;
      cpSync(executable, `${executable}.new`);
      renameSync(`${executable}.new`, executable);
      await next((state) => state.phase === "running" && state.pid !== pid);
    }
    stop.abort();
    await load;
    expect(answers.length).toBeGreaterThan(20);
    expect(answers.filter((answer) => answer !== 200)).toEqual([]);
    expect(plugin.state.reload?.outcome).toBe("Reloaded");
    // Each process that was replaced ends, and its record goes with it.
    await until("one record is left", () => (readdirSync(join(scratch.path, "data/run/plugins")).length === 1 ? true : undefined));
  });

  test("a stream in flight goes on while its process drains", async () => {
    const plugin = start();
    const client = await plugin.client(signal);
    const request = { pluginContext: aQuery("small").pluginContext, path: "tick/20", data: new Uint8Array(), headers: {} };
    let packets = 0;
    const { pid } = plugin.state;
    for await (const packet of client.runStream(request, { signal })) {
      expect(packet.data.length).toBeGreaterThan(0);
      packets += 1;
      if (packets === 3) await plugin.restart();
      if (packets === 10) break;
    }
    expect(packets).toBe(10);
    expect(plugin.state.pid).not.toBe(pid);
  });

  test("a plugin that runs by itself is attached to, left to itself, let go, and attached to again", { timeout: 60_000 }, async () => {
    const plugin = start({ drainMs: 1000 });
    await plugin.client(signal);
    const own = plugin.state.pid ?? -1;

    const first = standalone();
    const attached = await next((state) => state.phase === "running" && state.pid === first.pid);
    expect(attached.note).toMatch(/attached to a plugin that runs by itself, on 127\.0\.0\.1:\d+, in plaintext/);
    expect(readFileSync(join(directory, "pid.txt"), "utf8")).toBe(String(first.pid));
    expect(await query(plugin)).toBe(200);
    await until("our own process has ended", () => (processIdentity(own) === undefined ? true : undefined));

    // Stopped at a breakpoint: it answers no health check, and is waited for.
    process.kill(first.pid, "SIGSTOP");
    const call = query(plugin);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(plugin.state).toMatchObject({ phase: "running", pid: first.pid });
    process.kill(first.pid, "SIGCONT");
    expect(await call).toBe(200);

    process.kill(first.pid, "SIGKILL");
    await next((state) => state.phase === "running" && state.pid !== first.pid && state.pid !== own);
    expect(await query(plugin)).toBe(200);

    const second = standalone();
    await next((state) => state.phase === "running" && state.pid === second.pid);
    expect(await query(plugin)).toBe(200);
    await host?.stop();
    expect(processIdentity(second.pid)).toBeDefined();
  });

  test("GF_PLUGIN_GRPC_ADDRESS_<ID> says where it runs: nothing else is started, and it is found again when it comes back", {
    timeout: 60_000,
  }, async () => {
    const port = await freePort();
    const env = { GF_PLUGIN_GRPC_ADDRESS_ACME_TESTPLUGIN_DATASOURCE: `127.0.0.1:${port}` };
    const plugin = start({ env, startWaitMs: 200 });
    const absent = await next(({ reason }) => reason === "NotAttached");
    expect(absent.message).toContain(`127.0.0.1:${port}, but nothing answers there`);
    const first = standalone(env);
    await next(({ phase }) => phase === "running");
    expect(await query(plugin)).toBe(200);
    process.kill(first.pid, "SIGKILL");
    await next(({ phase }) => phase !== "running");
    standalone(env);
    await next(({ phase }) => phase === "running");
    expect(await query(plugin)).toBe(200);
    expect(existsSync(join(scratch.path, "data/run/plugins", `${id}.json`))).toBe(false);
  });

  test("killed in the middle of a query and a stream, each fails at once, others are unharmed, and it is back at once", async () => {
    cpSync(directory, join(scratch.path, "plugins", "other"), { recursive: true });
    const json = join(scratch.path, "plugins", "other", "plugin.json");
    writeFileSync(json, readFileSync(json, "utf8").replace(id, "acme-other-datasource"));
    const plugin = start();
    const other = host?.get("acme-other-datasource");
    if (other === undefined) throw new Error("no other plugin");
    await Promise.all([plugin.client(signal), other.client(signal)]);
    const unharmed = (await other.client(signal)).queryData(aQuery("slow", { delayMs: 1500 }), { signal });

    const client = await plugin.client(signal);
    const failed = async (call: Promise<unknown>): Promise<unknown> =>
      call.then(
        () => "answered",
        (error: unknown) => error,
      );
    const context = aQuery("small").pluginContext;
    const stream = async (): Promise<number> => {
      let packets = 0;
      const request = { pluginContext: context, path: "tick/100", data: new Uint8Array(), headers: {} };
      for await (const packet of client.runStream(request, { signal })) packets += packet.data.length;
      return packets;
    };
    const calls = [failed(client.queryData(aQuery("slow", { delayMs: 60_000 }), { signal })), failed(stream())];
    await new Promise((resolve) => setTimeout(resolve, 200));
    const killed = Date.now();
    process.kill(plugin.state.pid ?? -1, "SIGKILL");
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: GrpcCode.Unavailable });
    // Long before the query would have ended by itself.
    expect(Date.now() - killed).toBeLessThan(20_000);
    expect(await query(plugin)).toBe(200);
    expect((await unharmed).responses["A"]?.status).toBe(200);
    expect(other.state.restarts).toBe(0);
  });

  test("a call that is never answered ends at its deadline, the plugin is told, and serves the next one", async () => {
    const plugin = start();
    const client = await plugin.client(signal);
    const calls = Array.from({ length: 100 }, () => client.queryData(aQuery("slow", { delayMs: 60_000 }), { signal, timeoutMs: 200 }));
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: GrpcCode.DeadlineExceeded });
    expect(await query(plugin)).toBe(200);
    // The handlers are gone: a restart has nothing to drain.
    const pid = plugin.state.pid ?? -1;
    const begin = Date.now();
    await plugin.restart();
    await until("the old process has ended", () => (processIdentity(pid) === undefined ? true : undefined));
    // Nothing like the 30 s that it would have been waited for.
    expect(Date.now() - begin).toBeLessThan(15_000);
  });

  /** The plugin as a developer runs it. */
  function standalone(env: NodeJS.ProcessEnv = {}): { readonly pid: number } {
    const child = spawn(executable, ["-standalone"], { cwd: directory, env: { PATH: process.env["PATH"], ...env }, stdio: "ignore" });
    ended.push(() => child.kill("SIGKILL"));
    return { pid: child.pid ?? -1 };
  }
});

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
