import { handshakeCookie, pluginProtocolVersion } from "@dataplane/plugin-protocol";

/** What the host's own environment may give to a plugin: where programs, temporary files and proxies are. Never the rest: it holds secrets. */
const passedOn = [
  "PATH",
  "TMPDIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  // Windows: sockets and temporary files do not work without these.
  "SystemRoot",
  "TEMP",
  "TMP",
] as const;

/** The whole environment of a plugin process. */
export function pluginEnvironment(options: {
  readonly host: NodeJS.ProcessEnv;
  readonly serverVersion: string;
  readonly pluginVersion: string;
  readonly socketDirectory: string;
  /** PEM; the plugin serves plaintext when absent. */
  readonly clientCert: string | undefined;
  /** The plugin's own settings, such as GF_PLUGIN_NAME; they may not replace what the handshake needs. */
  readonly settings: Readonly<Record<string, string>>;
}): Record<string, string> {
  const inherited = passedOn.flatMap((name) => {
    const value = options.host[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    GF_VERSION: options.serverVersion,
    GF_PLUGIN_VERSION: options.pluginVersion,
    ...options.settings,
    [handshakeCookie.name]: handshakeCookie.value,
    PLUGIN_PROTOCOL_VERSIONS: String(pluginProtocolVersion),
    PLUGIN_UNIX_SOCKET_DIR: options.socketDirectory,
    ...(options.clientCert === undefined ? {} : { PLUGIN_CLIENT_CERT: options.clientCert }),
  };
}
