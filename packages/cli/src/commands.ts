import type { Command } from "./command.js";
import { createPlugin } from "./commands/create-plugin.js";
import { pluginsKeygen } from "./commands/plugins-keygen.js";
import { pluginsPackage } from "./commands/plugins-package.js";
import { pluginsSign } from "./commands/plugins-sign.js";

/** Every command, in the order of the usage. */
export const commands: readonly Command[] = [createPlugin, pluginsPackage, pluginsSign, pluginsKeygen];
