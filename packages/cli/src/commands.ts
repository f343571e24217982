import type { Command } from "./command.js";
import { createPlugin } from "./commands/create-plugin.js";

/** Every command, in the order of the usage. */
export const commands: readonly Command[] = [createPlugin];
