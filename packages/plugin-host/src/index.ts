export type { PluginDirectory } from "./find-plugins.js";
export {
  type Plugin,
  type PluginClient,
  type PluginProblem,
  type PluginSignature,
  type PluginSource,
  type PluginState,
  PluginUnavailable,
} from "./plugin.js";
export { isOwnGroupOfAnother, isServerGroup, ownGroupOf, ownGroupVersion } from "./plugin-group.js";
export { createPluginHost, type PluginHost, type PluginHostOptions } from "./plugin-host.js";
export type { PluginJson, ProxyRoute } from "./plugin-json.js";
