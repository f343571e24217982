import type { AdmissionHandlers, ConversionHandler } from "./admission.js";
import type { PluginInstance } from "./instance.js";
import type { InstanceContext } from "./settings.js";

/** What a plugin is, beside the type of its settings. */
export interface PluginDefinition<Settings> {
  /**
   * Makes the instance of one data source (or app) of one tenant; called again when its settings change. What it throws is told to
   * every call until they change: throw SettingsError for settings that cannot work.
   */
  readonly createInstance: (settings: Settings, context: InstanceContext) => PluginInstance | Promise<PluginInstance>;
  /** Hooks on objects of the plugin's own kinds, before they are stored. */
  readonly admission?: AdmissionHandlers;
  /** Conversion between the versions of the plugin's own kinds. */
  readonly conversion?: ConversionHandler;
  /**
   * Work of the process's own, such as controllers; begun once, when calls can be answered. The signal aborts when the host ends the
   * plugin, which waits for it a little. What it throws is logged, and begins it anew after a while.
   */
  readonly run?: (signal: AbortSignal) => Promise<void>;
}
