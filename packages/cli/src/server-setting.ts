import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandContext } from "./command.js";

/**
 * What the server of this repository reads for a setting: its GF_ variable, else `conf/custom.ini`; undefined when neither has it. Plain
 * values only, which is what folders and names are: `${…}` is not expanded.
 */
export function serverSetting({ env, root }: Pick<CommandContext, "env" | "root">, section: string, key: string): string | undefined {
  const named = env[`GF_${section}_${key}`.toUpperCase().replace(/[.-]/g, "_")];
  if (named !== undefined) return named;
  const file = join(root, "conf", "custom.ini");
  return existsSync(file) ? valueIn(readFileSync(file, "utf8"), section, key) : undefined;
}

function valueIn(text: string, section: string, key: string): string | undefined {
  let current = "";
  let found: string | undefined;
  for (const line of text.split(/\r?\n/).map((it) => it.trim())) {
    if (line.startsWith("[")) current = line.slice(1).split("]", 1).join("").trim();
    const equals = line.indexOf("=");
    if (current === section && equals > 0 && line.slice(0, equals).trim() === key) found = line.slice(equals + 1).trim();
  }
  return found;
}
