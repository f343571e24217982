import type { Setting } from "./setting.js";
import { settings } from "./settings.js";

const all: readonly Setting<unknown>[] = Object.values(settings);
const sectionNames = [...new Set(all.map(({ section }) => section))];
const inSection = (name: string): readonly Setting<unknown>[] => all.filter(({ section }) => section === name);

/** Text of `conf/defaults.ini`. */
export function defaultsIni(): string {
  const head = [
    "# The defaults, one comment a key. Made from packages/server/src/config/settings by `npm run generate`.",
    "# Do not edit: put your own values into conf/custom.ini, or into GF_<SECTION>_<KEY> variables.",
  ];
  const body = sectionNames.flatMap((name) => [
    "",
    ...(name === "" ? [] : [`[${name}]`]),
    ...inSection(name).flatMap(({ key, doc, kind, default: value }) => [`# ${doc} (${kind.name})`, `${key} = ${value}`.trimEnd()]),
  ]);
  const plugins = [
    "",
    "# Keys of [plugin.<id>] are free; the plugin's process sees each as GF_PLUGIN_<KEY>.",
    "# [plugin.acme-example-datasource]",
    "# cache_size = 100",
  ];
  return [...head, ...body, ...plugins, ""].join("\n");
}

/** Text of the reference for users, in Markdown. */
export function configReference(): string {
  const head = [
    "# Configuration reference",
    "",
    "Made from `packages/server/src/config/settings` by `npm run generate`. Layers, later ones win: the defaults below, `conf/custom.ini`",
    "(or `--config FILE`), environment variables `GF_<SECTION>_<KEY>` (upper case, `.` and `-` become `_`), arguments `cfg:section.key=value`.",
    "A value may hold `${VAR}`, `$__env{VAR}` and `$__file{path}`. Unknown keys and `GF_` variables that match nothing are reported at start.",
  ];
  const body = sectionNames.flatMap((name) => [
    "",
    `## ${name === "" ? "Top of the file" : `\`[${name}]\``}`,
    "",
    "| key | default | what it is | form |",
    "| --- | --- | --- | --- |",
    ...inSection(name).map(
      ({ key, doc, kind, default: value }) => `| \`${key}\` | ${value === "" ? "empty" : `\`${value}\``} | ${doc} | ${kind.name} |`,
    ),
  ]);
  return [...head, ...body, "", "## `[plugin.<id>]`", "", "Free keys; the process of that plugin sees each as `GF_PLUGIN_<KEY>`.", ""].join("\n");
}
