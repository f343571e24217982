import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expand } from "./expand.js";
import { parseIni } from "./ini.js";
import type { Setting } from "./setting.js";
import { pluginSectionPrefix, type SettingName, type Settings, settings } from "./settings.js";

type ValueOf<S> = S extends Setting<infer T> ? T : never;
type Values = { readonly [N in SettingName]: ValueOf<Settings[N]> };

/** The configuration after all its layers. */
export interface Config extends Values {
  /** Free keys of `[plugin.<id>]`, by plugin id. */
  readonly plugins: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Keys and variables that match no setting, for one line each in the log. */
  readonly warnings: readonly string[];
}

export interface ConfigSources {
  /** Folder that relative paths count from. */
  readonly root: string;
  /** `--config FILE`, else `conf/custom.ini` where it exists. */
  readonly file: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** `cfg:section.key=value` arguments, without the `cfg:`. */
  readonly overrides: readonly string[];
}

/** What the server cannot start with. The message names the key. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Layers: `conf/defaults.ini`, the file, `GF_<SECTION>_<KEY>`, then `cfg:` arguments. */
export function loadConfig(sources: ConfigSources): Config {
  const layers = new Layers(sources.env);
  const defaults = path.join(sources.root, "conf", "defaults.ini");
  if (existsSync(defaults)) readFile(layers, defaults);
  layers.endDefaults();
  const chosen = chosenFile(sources);
  if (chosen !== undefined) readFile(layers, chosen);
  readEnvironment(layers, sources.env);
  readOverrides(layers, sources.overrides);
  const values = Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, layers.value(setting)])) as Values;
  return {
    ...values,
    ...toggles(values, layers),
    dataPath: path.resolve(sources.root, values.dataPath),
    pluginsPath: path.resolve(sources.root, values.pluginsPath),
    provisioningPath: path.resolve(sources.root, values.provisioningPath),
    plugins: layers.plugins,
    warnings: layers.warnings,
  };
}

const nameOf = (section: string, key: string): string => (section === "" ? key : `[${section}] ${key}`);
const envNameOf = (section: string, key: string): string => `GF_${section === "" ? "DEFAULT" : section}_${key}`.toUpperCase().replace(/[.-]/g, "_");

const byName = new Map<string, Setting<unknown>>(Object.values(settings).map((it) => [nameOf(it.section, it.key), it]));
const byEnvName = new Map<string, Setting<unknown>>(Object.values(settings).map((it) => [envNameOf(it.section, it.key), it]));

class Layers {
  readonly warnings: string[] = [];
  readonly plugins = new Map<string, Record<string, string>>();
  readonly #values = new Map<Setting<unknown>, string>();
  readonly #chosen = new Set<Setting<unknown>>();
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  set(section: string, key: string, value: string, from: string): void {
    const setting = byName.get(nameOf(section, key));
    if (setting !== undefined) this.setKnown(setting, value);
    else if (section.startsWith(pluginSectionPrefix)) this.setPlugin(section.slice(pluginSectionPrefix.length), key, value);
    else this.warnings.push(`unknown configuration key ${nameOf(section, key)} (${from})`);
  }

  setKnown(setting: Setting<unknown>, value: string): void {
    this.#values.set(setting, value);
    this.#chosen.add(setting);
  }

  /** What was read so far are defaults: nobody chose it. */
  endDefaults(): void {
    this.#chosen.clear();
  }

  setPlugin(id: string, key: string, value: string): void {
    this.plugins.set(id, { ...this.plugins.get(id), [key]: this.#expand(`[plugin.${id}] ${key}`, value) });
  }

  isChosen(setting: Setting<unknown>): boolean {
    return this.#chosen.has(setting);
  }

  value(setting: Setting<unknown>): unknown {
    const name = nameOf(setting.section, setting.key);
    const text = this.#expand(name, this.#values.get(setting) ?? setting.default);
    try {
      return setting.kind.parse(text);
    } catch (error) {
      const why = setting.secret === true ? "it has a value of the wrong form" : messageOf(error);
      throw new ConfigError(`${name}: ${why}`);
    }
  }

  #expand(name: string, value: string): string {
    try {
      return expand(value, this.#env);
    } catch (error) {
      throw new ConfigError(`${name}: ${messageOf(error)}`);
    }
  }
}

function chosenFile({ root, file, env }: ConfigSources): string | undefined {
  // npm changes the working directory to the repository's root and says here where the user stood.
  if (file !== undefined) return path.resolve(env["INIT_CWD"] ?? process.cwd(), file);
  const custom = path.join(root, "conf", "custom.ini");
  return existsSync(custom) ? custom : undefined;
}

function readFile(layers: Layers, file: string): void {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`cannot read the configuration file ${file}: ${messageOf(error)}`);
  }
  try {
    for (const { section, key, value, line } of parseIni(text, file)) layers.set(section, key, value, `${file}:${line}`);
  } catch (error) {
    throw new ConfigError(messageOf(error));
  }
}

function readEnvironment(layers: Layers, env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env)) {
    // The one family that is the plugin host's: where a plugin runs by itself.
    if (!name.startsWith("GF_") || name.startsWith("GF_PLUGIN_GRPC_ADDRESS_") || value === undefined) continue;
    const setting = byEnvName.get(name);
    if (setting === undefined) layers.warnings.push(`the environment variable ${name} matches no configuration key`);
    else layers.setKnown(setting, value);
  }
}

function readOverrides(layers: Layers, overrides: readonly string[]): void {
  for (const override of overrides) {
    const equals = override.indexOf("=");
    const dot = override.slice(0, equals).lastIndexOf(".");
    if (equals < 1) throw new ConfigError(`expected cfg:section.key=value, found cfg:${override}`);
    const section = dot < 0 ? "" : override.slice(0, dot);
    layers.set(section === "default" ? "" : section, override.slice(dot + 1, equals), override.slice(equals + 1), "command line");
  }
}

/** A toggle is on when its own key says so, or `enable` names it; `enable` cannot switch off what is on by default. */
function toggles(values: Values, layers: Layers): Partial<Values> {
  const names = ["dataplaneAggregator", "kubernetesAggregator", "ensureKubectlAccess"] as const;
  const known = new Map(names.map((name) => [settings[name].key, name]));
  for (const toggle of values.enabledToggles) {
    if (!known.has(toggle)) layers.warnings.push(`unknown feature toggle ${JSON.stringify(toggle)} in [feature_toggles] enable`);
  }
  return Object.fromEntries(
    names.map((name) => {
      const listed = values.enabledToggles.includes(settings[name].key);
      return [name, layers.isChosen(settings[name]) ? values[name] : values[name] || listed];
    }),
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
