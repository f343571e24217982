import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { codecs, handshakeCookie, links, parseHandshake } from "@dataplane/plugin-protocol";
import { aPlugin, type FakePlugin } from "./a-plugin.js";

/** A plugin of its own process; stopped by disposal. */
export interface RealPlugin extends AsyncDisposable {
  readonly plugin: FakePlugin;
  readonly kill: () => void;
}

/** Starts the plugin executable in `directory` in the plainest way: no TLS, no supervision. */
export async function startRealPlugin(id: string, directory: string): Promise<RealPlugin> {
  const suffix = `_${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
  const executable = (await readdir(directory)).find((name) => name.endsWith(suffix));
  if (executable === undefined) throw new Error(`no executable for this platform in ${directory}`);
  const sockets = await mkdtemp(join(tmpdir(), "dp-"));
  const child = spawn(join(directory, executable), {
    env: { [handshakeCookie.name]: handshakeCookie.value, PLUGIN_PROTOCOL_VERSIONS: "2", PLUGIN_UNIX_SOCKET_DIR: sockets },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(child, "exit");
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const link = await links["grpc-js"]({ address: parseHandshake(line).address }, 5000);
  const { queryData, callResource, checkHealth, collectMetrics } = codecs;
  const plugin = aPlugin({
    id,
    calls: {
      queryData: async (request, options) => queryData.decodeResponse(await link.unary(queryData.path, queryData.encodeRequest(request), options)),
      checkHealth: async (request, options) =>
        checkHealth.decodeResponse(await link.unary(checkHealth.path, checkHealth.encodeRequest(request), options)),
      collectMetrics: async (request, options) =>
        collectMetrics.decodeResponse(await link.unary(collectMetrics.path, collectMetrics.encodeRequest(request), options)),
      callResource: async function* (request, options) {
        for await (const piece of link.serverStream(callResource.path, callResource.encodeRequest(request), options)) {
          yield callResource.decodeResponse(piece);
        }
      },
    },
  });
  return {
    plugin,
    kill: () => void child.kill("SIGKILL"),
    async [Symbol.asyncDispose]() {
      link.close();
      child.kill("SIGKILL");
      await exited;
      await rm(sockets, { recursive: true, force: true });
    },
  };
}
