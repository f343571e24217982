import type { AdmissionHook, Converter } from "@dataplane/apiserver";

/**
 * Asks an app about objects of its own kinds, whether a DataPlaneService binds it or not: in this process over gRPC, or at the process
 * that has the plugins. Calls throw ApiError ServiceUnavailable while the app is not there: who cannot be asked has allowed nothing.
 */
export interface AppHooks {
  admission(pluginId: string): AdmissionHook;
  /** Asked by the server itself: what is converted is shared by all who read it. */
  conversion(pluginId: string): Converter;
}
