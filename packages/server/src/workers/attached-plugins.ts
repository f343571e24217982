import type { Plugin, PluginSource } from "@dataplane/plugin-host";
import { AttachedPlugin, type AttachedPluginOptions } from "./attached-plugin.js";
import type { PluginRecord } from "./messages.js";

/** The plugins of the control process, as it tells of them. */
export class AttachedPlugins implements PluginSource {
  readonly #options: Omit<AttachedPluginOptions, "onChange">;
  readonly #plugins = new Map<string, AttachedPlugin>();
  readonly #listeners = new Set<(pluginId: string) => void>();

  constructor(records: readonly PluginRecord[], options: Omit<AttachedPluginOptions, "onChange">) {
    this.#options = options;
    for (const record of records) this.put(record);
  }

  get(id: string): Plugin | undefined {
    return this.#plugins.get(id);
  }

  list(): readonly Plugin[] {
    return [...this.#plugins.values()];
  }

  onChange(listener: (pluginId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  put(record: PluginRecord): void {
    const known = this.#plugins.get(record.id);
    if (known !== undefined) known.become(record);
    else this.#plugins.set(record.id, new AttachedPlugin(record, { ...this.#options, onChange: () => this.#tell(record.id) }));
  }

  remove(id: string): void {
    const known = this.#plugins.get(id);
    this.#plugins.delete(id);
    known?.detach();
  }

  /** Whether a call to it would begin at once. */
  isAttached(id: string): boolean {
    return this.#plugins.get(id)?.isAttached === true;
  }

  /** Whether each plugin that may be called can be called here: none would be waited for that only the control process has. */
  get areAttached(): boolean {
    return [...this.#plugins.values()].every(({ isAttached, state: { phase } }) => isAttached || (phase !== "running" && phase !== "starting"));
  }

  /** Resolves when no call goes to that address any more. */
  async drained(address: string): Promise<void> {
    await Promise.all([...this.#plugins.values()].map((plugin) => plugin.drained(address)));
  }

  #tell(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }
}
