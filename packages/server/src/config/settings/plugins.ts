import { boolean, duration, list, oneOf, setting } from "../setting.js";

/** Plugin processes. */
export const pluginsSettings = {
  allowUnsigned: setting("plugins", "allow_loading_unsigned_plugins", list, "", "Ids of unsigned plugins that may load, parted by commas."),
  autoRegister: setting("plugins", "auto_register", boolean, "true", "Keep a DataPlaneService in the own group of each data source plugin."),
  pluginStartTimeout: setting("plugins", "start_timeout", duration, "60s", "How long a plugin process may take to print its handshake."),
  pluginStartWait: setting("plugins", "start_wait", duration, "10s", "How long a call waits for a plugin that is still starting."),
  pluginLink: setting(
    "plugins",
    "link",
    oneOf("native", "grpc-js"),
    "native",
    "Implementation of the gRPC connection to plugins: our own, or the library grpc-js.",
  ),
} as const;
