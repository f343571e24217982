import { resolve } from "node:path";
import { checkSignature, type FoundPlugin, findPlugins, type PluginProblem, readTrustedKeys, type SignatureVerdict } from "@dataplane/plugin-host";
import type { Command, CommandArguments, CommandContext } from "./command.js";
import { serverSetting } from "./server-setting.js";

/** Options of every command that looks into the server's folder of plugins. */
export const pluginsFolderOptions = {
  "plugins-dir": { type: "string" },
  "trusted-key": { type: "string", multiple: true },
} as const satisfies NonNullable<Command["options"]>;

/** The folder that the server finds its plugins in: `--plugins-dir`, else `[paths] plugins`. */
export function pluginsFolder({ values }: CommandArguments, context: CommandContext): string {
  const given = values["plugins-dir"];
  if (typeof given === "string") return resolve(context.cwd, given);
  return resolve(context.root, serverSetting(context, "paths", "plugins") ?? "data/plugins");
}

/** The signature of a plugin as the server would see it: keys of `--trusted-key` and `[plugins] trusted_keys`. Throws for keys that cannot be read. */
export function signatureOf(plugin: FoundPlugin, { values }: CommandArguments, context: CommandContext): Promise<SignatureVerdict> {
  const given = Array.isArray(values["trusted-key"]) ? values["trusted-key"].filter((it) => typeof it === "string") : [];
  const configured = (serverSetting(context, "plugins", "trusted_keys") ?? "").split(/[\s,]+/).filter((it) => it !== "");
  const files = [...given.map((file) => resolve(context.cwd, file)), ...configured.map((file) => resolve(context.root, file))];
  const rootUrl = serverSetting(context, "server", "root_url") ?? `http://localhost:${serverSetting(context, "server", "http_port") ?? "3000"}/`;
  return checkSignature(plugin, { trustedKeys: readTrustedKeys(files), rootUrl, now: () => new Date() });
}

export function pluginsIn(folder: string): { readonly plugins: readonly FoundPlugin[]; readonly problems: readonly PluginProblem[] } {
  return findPlugins([{ path: folder, signature: "unsigned" }]);
}
