import { parseArgs } from "node:util";
import { type Command, type CommandContext, UsageError } from "./command.js";
import { commands } from "./commands.js";

/** Runs what the arguments say; resolves with the exit code: 0 done, 1 failed, 2 no such command. */
export async function runCommand(argv: readonly string[], context: CommandContext): Promise<number> {
  const command = commandOf(argv);
  if (command === undefined) {
    context.stderr(usage());
    return argv.length === 0 || argv.includes("--help") ? 0 : 2;
  }
  try {
    return await command.run(argumentsOf(command, argv.slice(command.name.split(" ").length)), context);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    context.stderr(`dataplane ${command.name}: ${message}`);
    if (!(thrown instanceof UsageError)) return 1;
    context.stderr(`Usage: dataplane ${command.name} ${command.parameters}`);
    return 2;
  }
}

export function usage(): string {
  const width = Math.max(0, ...commands.map(({ name, parameters }) => name.length + parameters.length + 1));
  const lines = commands.map(({ name, parameters, summary }) => `  dataplane ${`${name} ${parameters}`.padEnd(width)}  ${summary}`);
  return ["Usage:", "  dataplane serve [--config FILE] [cfg:section.key=value ...]", ...lines].join("\n");
}

function commandOf(argv: readonly string[]): Command | undefined {
  return commands.find(({ name }) => name.split(" ").every((word, index) => argv[index] === word));
}

function argumentsOf({ options }: Command, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: options ?? {}, allowPositionals: true, strict: true });
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
