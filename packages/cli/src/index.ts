export { type Command, type CommandArguments, type CommandContext, UsageError } from "./command.js";
export { runCommand, usage } from "./run-command.js";
