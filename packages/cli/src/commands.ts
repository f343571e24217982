import type { Command } from "./command.js";

/** Every command, in the order of the usage. */
export const commands: readonly Command[] = [];
