import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { silentLogger, systemClock } from "@dataplane/meta";
import { createPluginHost, type PluginHost } from "@dataplane/plugin-host";
import { links, type OpenLink } from "@dataplane/plugin-protocol";

/** A plugin host at work; disposal ends its plugins. */
export interface RunningPlugins extends AsyncDisposable {
  readonly plugins: PluginHost;
}

/** Starts the plugin in `directory`, and those beside it, as the server does. */
export async function startRealPlugins(directory: string, link: OpenLink = links["grpc-js"]): Promise<RunningPlugins> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "dp-"));
  const plugins = createPluginHost({
    directories: [{ path: dirname(directory), signature: "internal" }],
    dataDirectory,
    allowUnsigned: true,
    settingsFor: () => ({}),
    version: "12.0.0",
    link,
    clock: systemClock,
    logger: silentLogger,
  });
  plugins.start();
  return {
    plugins,
    async [Symbol.asyncDispose]() {
      await plugins.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
