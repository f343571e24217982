import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataFrameFormat, GrpcCode, links } from "@dataplane/plugin-protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PluginHost } from "./plugin-host.js";
import { aContext, aQuery } from "./testing/a-query.js";
import { goTestPlugins, ScratchFolder } from "./testing/plugin-folder.js";
import { pluginOf, startHost, stateOf } from "./testing/start-host.js";

const id = "acme-testplugin-datasource";
const { signal } = new AbortController();
const plugins = goTestPlugins();

for (const [name, link] of Object.entries(links))
  describe.skipIf(plugins === undefined)(`a plugin built with the Go SDK, over the ${name} link`, () => {
    let scratch: ScratchFolder;
    let host: PluginHost;

    beforeEach(() => {
      scratch = new ScratchFolder();
      host = startHost(scratch.path, plugins, { link });
    });
    afterEach(async () => {
      await host.stop();
      scratch.remove();
    });

    test("answers a query in JSON and in Arrow, over mutual TLS", async () => {
      const client = await pluginOf(host, id).client(signal);
      expect(pluginOf(host, id).state).toMatchObject({ phase: "running", note: undefined });
      const json = (await client.queryData(aQuery("small"), { signal })).responses["A"];
      expect(json).toMatchObject({ status: 200, format: DataFrameFormat.JSON, error: "" });
      expect(JSON.parse(Buffer.from(json?.frames[0] ?? []).toString())).toMatchObject({ schema: { name: "small" } });
      const arrow = (await client.queryData(aQuery("small", {}, DataFrameFormat.ARROW), { signal })).responses["A"];
      expect(Buffer.from(arrow?.frames[0] ?? []).toString("latin1", 0, 6)).toBe("ARROW1");
    });

    test("takes answers far over gRPC's usual 4 MiB, and refuses requests over 16 MiB with its own code", async () => {
      const client = await pluginOf(host, id).client(signal);
      const large = (await client.queryData(aQuery("rows", { rows: 200_000 }), { signal })).responses["A"];
      expect(large?.frames[0]?.length).toBeGreaterThan(5 << 20);
      await expect(client.queryData(aQuery("small", { pad: "x".repeat(17 << 20) }), { signal })).rejects.toMatchObject({
        code: GrpcCode.ResourceExhausted,
      });
    });

    test("answers health, resources, metrics and streams", async () => {
      const client = await pluginOf(host, id).client(signal);
      expect(await client.checkHealth({ pluginContext: aContext, headers: {} }, { signal })).toMatchObject({
        status: 1,
        message: "test plugin is well",
      });
      expect(Buffer.from((await client.collectMetrics({ pluginContext: aContext }, { signal })).metrics?.prometheus ?? []).toString()).toContain(
        "go_goroutines",
      );
      const request = { pluginContext: aContext, path: "chunks/3", method: "GET", url: "chunks/3", headers: {}, body: new Uint8Array() };
      let body = "";
      for await (const piece of client.callResource(request, { signal })) body += Buffer.from(piece.body).toString();
      expect(body).toBe("chunk 0\nchunk 1\nchunk 2\n");
      let packets = 0;
      for await (const packet of client.runStream({ pluginContext: aContext, path: "tick/1", data: new Uint8Array(), headers: {} }, { signal })) {
        expect(packet.data.length).toBeGreaterThan(0);
        packets += 1;
        if (packets === 5) break;
      }
    });

    test("a call ends when its caller goes, and at its deadline", async () => {
      const client = await pluginOf(host, id).client(signal);
      const caller = new AbortController();
      const call = client.queryData(aQuery("slow", { delayMs: 60_000 }), { signal: caller.signal });
      setTimeout(() => caller.abort(), 50);
      await expect(call).rejects.toMatchObject({ code: GrpcCode.Canceled });
      await expect(client.queryData(aQuery("slow", { delayMs: 60_000 }), { signal, timeoutMs: 50 })).rejects.toMatchObject({
        code: GrpcCode.DeadlineExceeded,
      });
    });

    test("killed during a query: that fails at once as Unavailable, the next one waits for the restart and succeeds", async () => {
      const plugin = pluginOf(host, id);
      const client = await plugin.client(signal);
      const call = client.queryData(aQuery("slow", { delayMs: 60_000 }), { signal });
      const { pid } = plugin.state;
      setTimeout(() => process.kill(pid ?? -1, "SIGKILL"), 100);
      await expect(call).rejects.toMatchObject({ code: GrpcCode.Unavailable });
      const again = await plugin.client(signal);
      expect((await again.queryData(aQuery("small"), { signal })).responses["A"]?.status).toBe(200);
      expect(plugin.state.restarts).toBe(1);
      expect(plugin.state.pid).not.toBe(pid);
    });

    test("after stop there is no process, no socket folder and no record", async () => {
      const plugin = pluginOf(host, id);
      await plugin.client(signal);
      const { pid = -1 } = plugin.state;
      const records = join(scratch.path, "data/run/plugins");
      const { socketDirectory } = JSON.parse(readFileSync(join(records, `${id}.json`), "utf8")) as { socketDirectory: string };
      expect(existsSync(socketDirectory)).toBe(true);
      await host.stop();
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
      expect(existsSync(socketDirectory)).toBe(false);
      expect(readdirSync(records)).toEqual([]);
      expect(plugin.state.phase).toBe("stopped");
    });

    test("what a host that died left running is ended by the next one", async () => {
      await pluginOf(host, id).client(signal);
      const { pid = -1 } = pluginOf(host, id).state;
      // The same data directory as another host's: it takes the first one's process for an orphan.
      const second = startHost(scratch.path, plugins);
      await stateOf(host, id, ({ phase }) => phase !== "running");
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
      await second.stop();
    });

    test("a record whose process is another one by now harms nobody", async () => {
      await pluginOf(host, id).client(signal);
      await host.stop();
      const records = join(scratch.path, "data/run/plugins");
      writeFileSync(join(records, "x.json"), JSON.stringify({ pid: process.pid, identity: "another", socketDirectory: scratch.path }));
      await startHost(scratch.path, plugins).stop();
      expect(existsSync(scratch.path)).toBe(true);
      expect(readdirSync(records)).toEqual([]);
    });
  });
