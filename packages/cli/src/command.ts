import type { ParseArgsConfig } from "node:util";

/** What a command may touch of the process around it; a test gives its own. */
export interface CommandContext {
  readonly stdout: (line: string) => void;
  readonly stderr: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Relative paths of arguments count from here. */
  readonly cwd: string;
  /** The repository's root, which relative paths of the configuration count from. */
  readonly root: string;
  /** Aborts at SIGINT. */
  readonly signal: AbortSignal;
}

export interface CommandArguments {
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** One command of `dataplane`: one file, one line in the table. */
export interface Command {
  /** One or two words: `plugins install`. */
  readonly name: string;
  /** After the name, in the usage: `<zip or folder>`. */
  readonly parameters: string;
  readonly summary: string;
  readonly options?: NonNullable<ParseArgsConfig["options"]>;
  /** Resolves with the exit code. Throws UsageError for arguments that make no sense, any other Error for what failed: its message is shown. */
  readonly run: (args: CommandArguments, context: CommandContext) => Promise<number>;
}

/** Arguments that make no command; exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
