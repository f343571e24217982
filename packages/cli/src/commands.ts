import type { Command } from "./command.js";
import { createPlugin } from "./commands/create-plugin.js";
import { pluginsInstall } from "./commands/plugins-install.js";
import { pluginsKeygen } from "./commands/plugins-keygen.js";
import { pluginsLs } from "./commands/plugins-ls.js";
import { pluginsPackage } from "./commands/plugins-package.js";
import { pluginsRemove } from "./commands/plugins-remove.js";
import { pluginsReplay } from "./commands/plugins-replay.js";
import { pluginsSign } from "./commands/plugins-sign.js";
import { pluginsTest } from "./commands/plugins-test.js";
import { pluginsValidate } from "./commands/plugins-validate.js";

/** Every command, in the order of the usage. */
export const commands: readonly Command[] = [
  createPlugin,
  pluginsPackage,
  pluginsSign,
  pluginsKeygen,
  pluginsTest,
  pluginsReplay,
  pluginsValidate,
  pluginsInstall,
  pluginsLs,
  pluginsRemove,
];
