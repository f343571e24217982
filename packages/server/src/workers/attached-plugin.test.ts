import { silentLogger, systemClock } from "@dataplane/meta";
import type { PluginState } from "@dataplane/plugin-host";
import { GrpcCode, GrpcError, type GrpcLink, type LinkTarget, type OpenLink } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { AttachedPlugins } from "./attached-plugins.js";
import { addressOf, type PluginRecord } from "./messages.js";

const id = "acme-datasource";

const at = (socket: string): LinkTarget => ({ address: { network: "unix", path: socket } });

function record(target: LinkTarget | undefined, phase: PluginState["phase"] = "running"): PluginRecord {
  const state: PluginState = { phase, reason: phase, message: `it is ${phase}`, since: new Date(0), restarts: 0, pid: 1, note: undefined };
  return { id, json: JSON.stringify({ id, type: "datasource", name: id, backend: true }), directory: "/p", signature: "valid", state, target };
}

/** Processes by their sockets: calls wait until they are let go, and the links say when they were closed. */
function processes() {
  const closed: string[] = [];
  const begun: string[] = [];
  const waiting: (() => void)[] = [];
  const gone = new Set<string>();
  const open: OpenLink = (target) => {
    const address = addressOf(target);
    if (gone.has(address)) return Promise.reject(new GrpcError(GrpcCode.Unavailable, "nobody listens"));
    const link: GrpcLink = {
      unary: () => {
        if (gone.has(address)) return Promise.reject(new GrpcError(GrpcCode.Unavailable, "gone"));
        begun.push(address);
        return new Promise((resolve) => waiting.push(() => resolve(new Uint8Array())));
      },
      serverStream: () => {
        throw new GrpcError(GrpcCode.Unimplemented, "no streams");
      },
      close: () => void closed.push(address),
    };
    return Promise.resolve(link);
  };
  return { open, closed, begun, gone, letGo: () => waiting.splice(0).forEach((go) => go()) };
}

const plugins = (records: readonly PluginRecord[], link: OpenLink, startWaitMs = 200) =>
  new AttachedPlugins(records, { link, startWaitMs, clock: systemClock, logger: silentLogger });

const { signal } = new AbortController();
const context = { orgId: 1, pluginId: id, grafanaConfig: {}, pluginVersion: "", userAgent: "", apiVersion: "v0alpha1", namespace: "default" };
const call = async (source: AttachedPlugins): Promise<unknown> =>
  (await source.get(id)?.client(signal))?.checkHealth({ pluginContext: context, headers: {} }, { signal });

test("calls in flight finish at the process where they began, later ones go to its successor, and both is told", async () => {
  const { open, begun, closed, letGo } = processes();
  const source = plugins([record(at("/one"))], open);
  await expect.poll(() => source.isAttached(id)).toBe(true);
  const first = call(source);
  await expect.poll(() => begun).toEqual(["/one"]);
  source.put(record(at("/two")));
  let isDrained = false;
  const drained = source.drained("/one").then(() => {
    isDrained = true;
  });
  await expect.poll(async () => (await source.get(id)?.client(signal)) !== undefined).toBe(true);
  const second = call(source);
  await expect.poll(() => begun).toEqual(["/one", "/two"]);
  expect([isDrained, closed]).toEqual([false, []]);
  letGo();
  await Promise.all([first, second, drained]);
  expect(closed).toEqual(["/one"]);
});

test("without a process to call it is not attached, and a call waits for one that is starting", async () => {
  const { open, begun, letGo } = processes();
  const source = plugins([record(undefined, "starting")], open, 5_000);
  expect(source.isAttached(id)).toBe(false);
  const waits = call(source);
  source.put(record(at("/one")));
  await expect.poll(() => begun).toEqual(["/one"]);
  letGo();
  await waits;
});

test("one that is down, or does not come up in time, is unavailable in the words of its host", async () => {
  const { open } = processes();
  await expect(call(plugins([record(undefined, "backoff")], open))).rejects.toMatchObject({
    name: "PluginUnavailable",
    message: `plugin ${id} is not running: it is backoff`,
  });
  await expect(call(plugins([record(undefined, "starting")], open, 20))).rejects.toMatchObject({ name: "PluginUnavailable" });
});

test("a process that is found gone is called no more, until another is told of", async () => {
  const { open, gone, letGo, begun } = processes();
  const source = plugins([record(at("/one"))], open);
  await expect.poll(() => source.isAttached(id)).toBe(true);
  gone.add("/one");
  await expect(call(source)).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  expect(source.isAttached(id)).toBe(false);
  source.put(record(at("/two")));
  await expect.poll(() => source.isAttached(id)).toBe(true);
  const next = call(source);
  await expect.poll(() => begun).toEqual(["/two"]);
  letGo();
  await next;
});

test("a plugin that was removed is unknown", async () => {
  const { open, closed } = processes();
  const source = plugins([record(at("/one"))], open);
  await expect.poll(() => source.isAttached(id)).toBe(true);
  source.remove(id);
  expect([source.get(id), source.isAttached(id)]).toEqual([undefined, false]);
  await expect.poll(() => closed).toEqual(["/one"]);
});
