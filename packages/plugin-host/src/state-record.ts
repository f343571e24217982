import type { Clock } from "@dataplane/meta";
import type { PluginReload, PluginState } from "./plugin.js";
import type { PluginProcess } from "./plugin-process.js";

export type StateChange = Pick<PluginState, "phase" | "reason" | "message">;

/** What is told of one plugin: its phase, and beside it the process that serves and how the last reload went. */
export class StateRecord {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #state: PluginState;
  #process: PluginProcess | undefined;
  #reload: PluginReload | undefined;
  #starts = 0;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#state = this.#stateIn({ phase: "starting", reason: "Starting", message: "the plugin is starting" }, clock.now());
  }

  get state(): PluginState {
    return this.#state;
  }

  /** Told with the next change, as `serving` and `reloaded` are. */
  started(): void {
    this.#starts += 1;
  }

  serving(process: PluginProcess | undefined): void {
    this.#process = process;
  }

  reloaded(message: string): void {
    this.#reload = { outcome: "Reloaded", message, at: this.#clock.now() };
  }

  become(change: StateChange): void {
    this.#tell(change, this.#clock.now());
  }

  /** The phase stays. False when the same was told last. */
  reloadFailed(message: string): boolean {
    if (this.#reload?.outcome === "ReloadFailed" && this.#reload.message === message) return false;
    this.#reload = { outcome: "ReloadFailed", message, at: this.#clock.now() };
    this.#tell(this.#state, this.#state.since);
    return true;
  }

  forgetFailedReload(): void {
    if (this.#reload?.outcome !== "ReloadFailed") return;
    this.#reload = undefined;
    this.#tell(this.#state, this.#state.since);
  }

  #tell(change: StateChange, since: Date): void {
    this.#state = this.#stateIn(change, since);
    this.#onChange();
  }

  #stateIn({ phase, reason, message }: StateChange, since: Date): PluginState {
    const notes = [this.#process?.note, this.#reload?.outcome === "ReloadFailed" ? `not reloaded: ${this.#reload.message}` : undefined];
    const note = notes.filter((it) => it !== undefined).join("; ");
    return {
      ...{ phase, reason, message, since },
      restarts: Math.max(0, this.#starts - 1),
      pid: this.#process?.pid,
      note: note === "" ? undefined : note,
      reload: this.#reload,
    };
  }
}
