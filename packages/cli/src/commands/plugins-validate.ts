import { statSync } from "node:fs";
import { join } from "node:path";
import { currentPlatform, executableFile, findPlugins, isPluginId, NoExecutable, pluginFiles } from "@dataplane/plugin-host";
import { type Command, type CommandArguments, type CommandContext, UsageError } from "../command.js";
import { pluginsFolderOptions, signatureOf } from "../installed-plugins.js";
import { pluginFolderOf } from "../plugin-folder.js";

/** Says whether a folder is a plugin that a server can load, and what else is wrong with it. */
export const pluginsValidate: Command = {
  name: "plugins validate",
  parameters: "<folder> [--trusted-key FILE ...]",
  summary: "check plugin.json, executables, manifest and size; exit code 1 for what would not load",
  options: pluginsFolderOptions,
  async run(args, context) {
    const findings = await validate(args, context);
    for (const { level, message } of findings) context.stdout(`${level.padEnd(7)} ${message}`);
    return findings.some(({ level }) => level === "error") ? 1 : 0;
  },
};

interface Finding {
  readonly level: "error" | "warning" | "ok";
  readonly message: string;
}

const error = (message: string): Finding => ({ level: "error", message });
const warning = (message: string): Finding => ({ level: "warning", message });
const ok = (message: string): Finding => ({ level: "ok", message });

async function validate(args: CommandArguments, context: CommandContext): Promise<readonly Finding[]> {
  let path: string;
  try {
    path = pluginFolderOf(args, context.cwd).path;
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    return [error(`plugin.json: ${thrown instanceof Error ? thrown.message : String(thrown)}`)];
  }
  const { plugins, problems } = findPlugins([{ path, signature: "unsigned" }]);
  const plugin = plugins.find(({ directory }) => directory === path);
  const broken = problems.map(({ directory, message }) => error(`${directory}: ${message}`));
  if (plugin === undefined) return broken.length > 0 ? broken : [error("no plugin")];
  const { signature, message } = await signatureOf(plugin, args, context);
  const said = message === "" ? `signature: ${signature}` : `signature: ${signature}: ${message}`;
  const loads = { valid: ok, internal: ok, unsigned: warning, modified: error, invalid: error } as const;
  return [...broken, ...describe(plugin), ...executables(plugin), ...(await sizes(path)), loads[signature](said)];
}

type Plugin = Parameters<typeof executableFile>[0];

function describe({ json }: Plugin): readonly Finding[] {
  const { id, name, type, version, raw } = json;
  const findings = [ok(`plugin.json: ${type} ${id} ${version}`)];
  if (!isPluginId(id)) findings.push(warning(`id: ${id} is not <organisation>-<name>-<type>, as Grafana asks of new plugins`));
  if (raw["name"] !== name || name.trim() === "") findings.push(warning("name is missing"));
  if (!/^\d+\.\d+\.\d+(?:[-+][\w.+-]{1,64})?$/.test(version))
    findings.push(warning(`info.version ${JSON.stringify(version)} is no semantic version`));
  const dependencies = raw["dependencies"];
  const range =
    typeof dependencies === "object" && dependencies !== null && "grafanaDependency" in dependencies ? dependencies["grafanaDependency"] : undefined;
  if (typeof range !== "string") findings.push(warning("dependencies.grafanaDependency is missing"));
  else if (!/^[\d\s.xX*<>=^~|,&-]{1,200}(?:-\w+)?$/.test(range))
    findings.push(warning(`dependencies.grafanaDependency ${JSON.stringify(range)} is no range of versions`));
  return findings;
}

/** What is run, and on which of the usual platforms it can be. */
function executables(plugin: Plugin): readonly Finding[] {
  if (!plugin.json.backend) return [ok("no backend: nothing is run")];
  try {
    const file = executableFile(plugin);
    const state = statSync(file, { throwIfNoEntry: false });
    if (state === undefined) return [error(`no executable for ${currentPlatform.goos}_${currentPlatform.goarch}: ${file} is not there`)];
    if (state.size === 0) return [error(`${file} is empty`)];
    const mayRun = process.platform === "win32" || (state.mode & 0o111) !== 0;
    return [mayRun ? ok(`executable: ${file}`) : warning(`${file} is not executable; install makes it so`)];
  } catch (thrown) {
    if (thrown instanceof NoExecutable) return [error(thrown.message)];
    throw thrown;
  }
}

const largeBytes = 500 * 2 ** 20;

async function sizes(path: string): Promise<readonly Finding[]> {
  try {
    const files = await pluginFiles(path);
    const bytes = files.reduce((sum, file) => sum + statSync(join(path, file)).size, 0);
    const text = `${files.length} files, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
    return [bytes > largeBytes ? warning(`${text}: large for a plugin`) : ok(text)];
  } catch (thrown) {
    return [error(thrown instanceof Error ? thrown.message : String(thrown))];
  }
}
