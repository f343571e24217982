import { parseArgs } from "node:util";
import { type Command, type CommandContext, UsageError } from "./command.js";
import { commands } from "./commands.js";

/** Runs what the arguments say; resolves with the exit code: 0 done, 1 failed, 2 no such command. */
export async function runCommand(argv: readonly string[], context: CommandContext): Promise<number> {
  const command = commandOf(argv);
  const isHelp = argv.includes("--help") || argv.includes("-h");
  if (command === undefined || isHelp) {
    const text = command === undefined ? usage(argv) : usageOf(command);
    (isHelp ? context.stdout : context.stderr)(text);
    return isHelp || argv.length === 0 ? 0 : 2;
  }
  try {
    return await command.run(argumentsOf(command, argv.slice(wordsOf(command).length)), context);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    context.stderr(`dataplane ${command.name}: ${message}`);
    if (!(thrown instanceof UsageError)) return 1;
    context.stderr(`Usage: dataplane ${command.name} ${command.parameters}`);
    return 2;
  }
}

/** Of all commands, or of those that begin as the arguments do: `dataplane plugins`. */
export function usage(argv: readonly string[] = []): string {
  const group = commands.filter((command) => wordsOf(command)[0] === argv[0]);
  const shown = group.length === 0 ? commands : group;
  const serve = "  dataplane serve [--target all|aggregator|apiserver] [--config FILE] [cfg:section.key=value ...]\n      start the server";
  return ["Usage:", ...(group.length === 0 ? [serve] : []), ...shown.map(usageOf)].join("\n");
}

const usageOf = ({ name, parameters, summary }: Command): string => `  dataplane ${name} ${parameters}\n      ${summary}`;

const wordsOf = ({ name }: Command): readonly string[] => name.split(" ");

function commandOf(argv: readonly string[]): Command | undefined {
  return commands.find((command) => wordsOf(command).every((word, index) => argv[index] === word));
}

function argumentsOf({ options }: Command, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: options ?? {}, allowPositionals: true, strict: true });
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
