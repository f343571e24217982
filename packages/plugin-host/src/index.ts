export { checkSignature, manifestName, type SignatureRules, type SignatureVerdict } from "./check-signature.js";
export { DrainingLink } from "./draining-link.js";
export { type Findings, type FoundPlugin, findPlugins, type PluginDirectory, readPluginJson } from "./find-plugins.js";
export { watchFolders } from "./folder-watch.js";
export {
  type Plugin,
  type PluginClient,
  type PluginProblem,
  type PluginReload,
  type PluginSignature,
  type PluginSource,
  type PluginState,
  PluginUnavailable,
} from "./plugin.js";
export { pluginClient } from "./plugin-client.js";
export { currentPlatform, executableFile, NoExecutable, type Platform, type PluginCommand, pluginCommand } from "./plugin-command.js";
export { pluginEnvironment } from "./plugin-environment.js";
export { ForeignFile, pluginFiles, sha256Of } from "./plugin-files.js";
export { isOwnGroupOfAnother, isServerGroup, ownGroupOf, ownGroupVersion } from "./plugin-group.js";
export { createPluginHost, type PluginHost } from "./plugin-host.js";
export type { PluginHostOptions } from "./plugin-host-options.js";
export { isPluginId, type PluginJson, PluginJsonError, type ProxyRoute, parsePluginJson } from "./plugin-json.js";
export type { PluginManifest, SignatureType } from "./plugin-manifest.js";
export { pluginMetrics } from "./plugin-metrics.js";
export { type SigningKey, type SignOptions, signPlugin } from "./sign-plugin.js";
export { readTrustedKeys } from "./trusted-keys.js";
