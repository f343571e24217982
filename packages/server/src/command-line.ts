import { parseArgs } from "node:util";

/** What the command line asks for. */
export type Command =
  | { readonly name: "serve"; readonly config: string | undefined; readonly overrides: readonly string[] }
  | { readonly name: "users passwd"; readonly user: string; readonly config: string | undefined; readonly overrides: readonly string[] }
  | { readonly name: "help" }
  | { readonly name: "version" };

export const usage = `Usage: dataplane [serve] [--config FILE] [cfg:section.key=value ...]
       dataplane users passwd USER [--config FILE]     reads the new password from standard input
       dataplane --help | --version`;

/** Words that make no command; the message says which. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function parseCommandLine(argv: readonly string[]): Command {
  const { values, positionals } = parsed(argv);
  if (values.help === true) return { name: "help" };
  if (values.version === true) return { name: "version" };
  const overrides = positionals.filter((it) => it.startsWith("cfg:")).map((it) => it.slice("cfg:".length));
  const words = positionals.filter((it) => !it.startsWith("cfg:"));
  const config = values.config;
  if (words.length === 0 || (words.length === 1 && words[0] === "serve")) return { name: "serve", config, overrides };
  const [first, second, user, ...rest] = words;
  if (first === "users" && second === "passwd" && user !== undefined && rest.length === 0) return { name: "users passwd", user, config, overrides };
  throw new UsageError(`unknown command: ${words.join(" ")}`);
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { config: { type: "string" }, help: { type: "boolean", short: "h" }, version: { type: "boolean", short: "v" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
