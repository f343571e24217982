import { readFileSync } from "node:fs";

const pattern = /\$__env\{([^}]*)\}|\$__file\{([^}]*)\}|\$\{([^}]*)\}/g;

/**
 * Replaces `${VAR}`, `$__env{VAR}` and `$__file{path}` in a value, once: what a variable holds is not expanded again.
 * A missing variable is empty, as in Grafana. Throws an Error when a file cannot be read.
 */
export function expand(value: string, env: NodeJS.ProcessEnv): string {
  return value.replace(pattern, (_match, fromEnv?: string, fromFile?: string, plain?: string) => {
    if (fromFile !== undefined) return readFileSync(fromFile, "utf8").trim();
    return env[fromEnv ?? plain ?? ""] ?? "";
  });
}
