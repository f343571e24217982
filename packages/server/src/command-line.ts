import { parseArgs } from "node:util";
import { type StorageCommand, storageCommand, storageUsage } from "./storage-commands/storage-command-line.js";

/** Of the users with passwords. */
export type UserCommand =
  | { readonly name: "users add"; readonly user: string; readonly groups: readonly string[] }
  | { readonly name: "users passwd" | "users remove"; readonly user: string }
  | { readonly name: "users ls" };

/** Of the users with client certificates. */
export interface CertificateCommand {
  readonly name: "certs issue";
  readonly user: string;
  readonly groups: readonly string[];
  readonly days: number;
}

/** Of the keys that stored values are sealed under. */
export interface KeyCommand {
  readonly name: "keys rotate" | "keys secret-key";
}

/** What the command line asks for. */
export type Command =
  | { readonly name: "serve"; readonly config: string | undefined; readonly overrides: readonly string[] }
  | ((UserCommand | CertificateCommand | KeyCommand | StorageCommand) & {
      readonly config: string | undefined;
      readonly overrides: readonly string[];
    })
  | { readonly name: "help" }
  | { readonly name: "version" };

export const usage = `Usage: dataplane [serve] [--target all|aggregator|apiserver] [--config FILE] [cfg:section.key=value ...]
       dataplane users add USER [--groups dataplane:viewer] [--config FILE]   reads the password from standard input
       dataplane users passwd USER [--config FILE]     reads the new password from standard input
       dataplane users remove USER | ls [--config FILE]
       dataplane certs issue USER [--groups dataplane:viewer] [--days 365] [--config FILE]   prints a kubeconfig
       dataplane keys rotate [--config FILE]           new keys for stored secrets; what is stored is rewritten, old keys stay
       dataplane keys secret-key [--config FILE]       reads the next [security] secret_key from standard input
${storageUsage}
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
  if (words.length === 0 || (words.length === 1 && words[0] === "serve"))
    return { name: "serve", config, overrides: [...overrides, ...targetOf(values)] };
  if (values.target !== undefined) throw new UsageError("--target belongs to serve");
  const command = userCommand(words, values.groups) ?? certificateCommand(words, values) ?? storageCommand(words, values) ?? keyCommand(words);
  if (command === undefined) throw new UsageError(`unknown command: ${words.join(" ")}`);
  return { ...command, config, overrides };
}

/** The same as its key of the configuration, over what else is said there. */
const targetOf = ({ target }: { readonly target?: string | undefined }): readonly string[] =>
  target === undefined ? [] : [`server.target=${target}`];

function userCommand([first, second, user, ...rest]: readonly string[], groups: string | undefined): UserCommand | undefined {
  if (first !== "users" || rest.length > 0) return undefined;
  if (second === "ls") return user === undefined ? { name: "users ls" } : undefined;
  if (user === undefined) return undefined;
  if (second === "add") return { name: "users add", user, groups: groupsOf(groups) };
  return second === "passwd" || second === "remove" ? { name: `users ${second}`, user } : undefined;
}

interface CertificateOptions {
  readonly groups?: string | undefined;
  readonly days?: string | undefined;
}

function certificateCommand([first, second, user, ...rest]: readonly string[], { groups, days }: CertificateOptions): CertificateCommand | undefined {
  if (first !== "certs" || second !== "issue" || user === undefined || rest.length > 0) return undefined;
  return { name: "certs issue", user, groups: groupsOf(groups), days: Number(days ?? 365) };
}

function keyCommand([first, second, ...rest]: readonly string[]): KeyCommand | undefined {
  if (first !== "keys" || rest.length > 0) return undefined;
  return second === "rotate" || second === "secret-key" ? { name: `keys ${second}` } : undefined;
}

const groupsOf = (list = "dataplane:viewer"): readonly string[] => list.split(",").filter((it) => it !== "");

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: "string" },
        groups: { type: "string" },
        days: { type: "string" },
        target: { type: "string" },
        keys: { type: "boolean" },
        follow: { type: "boolean" },
        at: { type: "string" },
        "keep-revision": { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
