/** A server under load, with the plugin that it runs. */
export interface Contestant {
  readonly name: string;
  /** Where queries are posted. */
  readonly url: string;
  readonly authorization?: string;
  readonly serverPid: number;
  readonly pluginPid: number;
  stop(): Promise<void>;
}

/** Command of the Go test plugin, as far as Linux keeps it (15 bytes). */
export const pluginCommand = "gpx_testplugin";
