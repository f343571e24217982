import { join } from "node:path";
import { type Logger, silentLogger, systemClock } from "@dataplane/meta";
import { links } from "@dataplane/plugin-protocol";
import type { Plugin, PluginState } from "../plugin.js";
import { createPluginHost, type PluginHost } from "../plugin-host.js";
import type { PluginHostOptions } from "../plugin-host-options.js";

/** A host of everything in `folder`, with the real clock. */
export function startHost(folder: string, plugins: string = join(folder, "plugins"), changes: Partial<PluginHostOptions> = {}): PluginHost {
  const host = createPluginHost({
    directories: [{ path: plugins, signature: "internal" }],
    dataDirectory: join(folder, "data"),
    allowUnsigned: false,
    settingsFor: () => ({}),
    version: "12.0.0",
    link: links["grpc-js"],
    clock: systemClock,
    logger: silentLogger,
    ...changes,
  });
  host.start();
  return host;
}

export function pluginOf(host: PluginHost, id: string): Plugin {
  const plugin = host.get(id);
  if (plugin === undefined) throw new Error(`no plugin ${id}`);
  return plugin;
}

/** Resolves with the first state that `wanted` holds for, from now on. */
export function stateOf(host: PluginHost, id: string, wanted: (state: PluginState) => boolean): Promise<PluginState> {
  return new Promise((resolve) => {
    const look = (): void => {
      const { state } = pluginOf(host, id);
      if (!wanted(state)) return;
      stop();
      resolve(state);
    };
    const stop = host.onChange(look);
    look();
  });
}

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A logger that remembers. */
export function rememberingLogger(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  const logger: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => logger };
  return { logger, lines };
}
