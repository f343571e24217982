import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isJsonObject } from "@dataplane/meta";
import { currentPlatform, parsePluginJson } from "@dataplane/plugin-host";
import { handshakeCookie, readRecording, replayPlugin, servePlugin } from "@dataplane/plugin-protocol";
import { type Command, type CommandContext, UsageError } from "../command.js";
import { requireEmpty } from "../create-plugin/scaffold.js";

/**
 * A recording in a plugin's place. Started by a host it is the plugin's process and answers what was recorded; with `--out` it writes the
 * plugin folder that does so, under the id of the plugin that was recorded.
 */
export const pluginsReplay: Command = {
  name: "plugins replay",
  parameters: "<recording> --out FOLDER",
  summary: "write a plugin that answers from a recording ([plugin.<id>] record = FILE)",
  options: { out: { type: "string" } },
  async run({ positionals, values }, context) {
    const [given, ...rest] = positionals;
    if (given === undefined || rest.length > 0) throw new UsageError("name one recording");
    const file = resolve(context.cwd, given);
    if (context.env[handshakeCookie.name] === handshakeCookie.value) {
      await servePlugin({ implementation: replayPlugin(readRecording(file).calls), env: context.env });
      return 0;
    }
    if (typeof values["out"] !== "string") throw new UsageError("--out names the folder of the plugin, which is made");
    await writeReplayFolder(file, resolve(context.cwd, values["out"]), context);
    return 0;
  },
};

async function writeReplayFolder(file: string, folder: string, { root, stdout }: CommandContext): Promise<void> {
  const { plugin, calls } = readRecording(file);
  if (!isJsonObject(plugin)) throw new Error("the recording does not say which plugin it is of");
  const json = { ...plugin, executable: "gpx_replay" };
  const { id } = parsePluginJson(JSON.stringify(json));
  await requireEmpty(folder);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "plugin.json"), `${JSON.stringify(json, undefined, 2)}\n`);
  const launcher = join(folder, `gpx_replay_${currentPlatform.goos}_${currentPlatform.goarch}`);
  await writeFile(launcher, launcherOf(file, root));
  await chmod(launcher, 0o755);
  stdout(`${folder}: ${id}, ${calls.length} recorded calls`);
}

/** CommonJS, as every file without an extension that no package.json speaks for. */
function launcherOf(file: string, root: string): string {
  const command = pathToFileURL(join(root, "packages", "cli", "bin", "dataplane.mjs")).href;
  return `#!/usr/bin/env node
process.argv.splice(2, Number.POSITIVE_INFINITY, "plugins", "replay", ${JSON.stringify(file)});
import(${JSON.stringify(command)});
`;
}
