import { boolean, duration, integer, list, oneOf, type SettingKind, setting } from "../setting.js";

const units: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Bytes from `512MiB`; undefined for nothing or 0. */
const memory: SettingKind<number | undefined> = {
  name: "size such as 512MiB, or empty",
  parse: (text) => {
    if (text === "" || text === "0") return undefined;
    const match = /^(\d{1,6})(KiB|MiB|GiB)$/.exec(text);
    const unit = units[match?.[2] ?? ""];
    if (unit === undefined) throw new Error(`expected a size such as 512MiB, found ${JSON.stringify(text)}`);
    return Number(match?.[1]) * unit;
  },
};

/** Plugin processes. */
export const pluginsSettings = {
  allowUnsigned: setting("plugins", "allow_loading_unsigned_plugins", list, "", "Ids of unsigned plugins that may load, parted by commas."),
  autoRegister: setting("plugins", "auto_register", boolean, "true", "Keep a DataPlaneService in the own group of each data source plugin."),
  pluginStartTimeout: setting("plugins", "start_timeout", duration, "60s", "How long a plugin process may take to print its handshake."),
  pluginStartWait: setting("plugins", "start_wait", duration, "10s", "How long a call waits for a plugin that is still starting."),
  pluginTrustedKeys: setting(
    "plugins",
    "trusted_keys",
    list,
    "",
    "Files of armoured PGP public keys, or folders of them, parted by commas: what they signed is valid. Relative paths count from the repository's root.",
  ),
  pluginWatchInterval: setting(
    "plugins",
    "watch_interval",
    duration,
    "1s",
    "How often plugin folders are looked at. A plugin that is new, changed or gone is loaded, reloaded or ended when its files lie still for that long. 0: never.",
  ),
  pluginDrainTimeout: setting(
    "plugins",
    "drain_timeout",
    duration,
    "30s",
    "How long calls in flight may go on in the old process of a plugin that is reloaded or restarted.",
  ),
  pluginGiveUpAfter: setting(
    "plugins",
    "give_up_after",
    integer(0, 1_000_000),
    "60",
    "Ends in a row after which a plugin is not started again until it is restarted or its files change; 60 take about an hour. 0: never give up.",
  ),
  pluginMemoryLimit: setting(
    "plugins",
    "memory_limit",
    memory,
    "",
    "Memory in RAM, such as 512MiB, over which a plugin's process is ended and started again. Empty: no limit. Linux only.",
  ),
  pluginAutoMtls: setting(
    "plugins",
    "auto_mtls",
    boolean,
    "true",
    "Offer plugins TLS with certificates made for each process. Without, calls are plaintext on a socket in a folder that only this user can open, as Grafana's are, and large answers cost less.",
  ),
  pluginLink: setting(
    "plugins",
    "link",
    oneOf("native", "grpc-js"),
    "native",
    "Implementation of the gRPC connection to plugins: our own, or the library grpc-js.",
  ),
} as const;
