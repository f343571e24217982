import { randomUUID } from "node:crypto";
import { controlPlaneUser } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import type { AppHooks } from "./app-hooks.js";
import { pluginAdmission } from "./plugin-admission.js";
import { pluginMissing } from "./plugin-call-errors.js";
import type { PluginContexts } from "./plugin-contexts.js";
import { pluginConversion } from "./plugin-conversion.js";
import type { PluginHooksOptions } from "./plugin-hook-context.js";

export interface PluginAppHooksOptions {
  readonly plugins: Pick<PluginSource, "get">;
  readonly contexts: PluginContexts;
  /** Of one call to a plugin. */
  readonly callTimeoutMs: number;
}

/** Asks the plugins of this process. Which process answers is looked up at each call: one that was exchanged meanwhile is asked. */
export function pluginAppHooks({ plugins, contexts, callTimeoutMs }: PluginAppHooksOptions): AppHooks {
  const hooksOf = (pluginId: string): PluginHooksOptions => {
    const plugin = plugins.get(pluginId);
    if (plugin === undefined) throw pluginMissing(pluginId);
    return { plugin, contexts, callTimeoutMs };
  };
  return {
    admission: (pluginId) => ({
      mutate: async (attributes, signal) => pluginAdmission(hooksOf(pluginId)).mutate(attributes, signal),
      validate: async (attributes, signal) => pluginAdmission(hooksOf(pluginId)).validate(attributes, signal),
    }),
    conversion: (pluginId) => ({
      convert: async (objects, desired, signal) =>
        pluginConversion({ ...hooksOf(pluginId), newUid: randomUUID, user: controlPlaneUser }).convert(objects, desired, signal),
    }),
  };
}
