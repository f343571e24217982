import type { JsonObject } from "@dataplane/plugin-sdk";
import { objectIn, objectsIn, textIn } from "../../json.js";

export interface Counts {
  readonly dashboards: number;
  readonly panels: number;
}

/** The dashboards as the controller last saw them, in v1beta1: queries, routes and streams answer from here, without a call. */
export class KnownDashboards {
  readonly #byKey = new Map<string, JsonObject>();
  readonly #waiting = new Set<() => void>();
  #revision = 0;

  set(dashboard: JsonObject): void {
    const metadata = objectIn(dashboard, "metadata");
    this.#byKey.set(`${textIn(metadata, "namespace")}/${textIn(metadata, "name")}`, dashboard);
    this.#tell();
  }

  delete(namespace: string, name: string): void {
    if (this.#byKey.delete(`${namespace}/${name}`)) this.#tell();
  }

  get(namespace: string, name: string): JsonObject | undefined {
    return this.#byKey.get(`${namespace}/${name}`);
  }

  /** Of one namespace; of all when there is none. */
  list(namespace: string): readonly JsonObject[] {
    return [...this.#byKey].filter(([key]) => namespace === "" || key.startsWith(`${namespace}/`)).map(([, dashboard]) => dashboard);
  }

  counts(namespace: string): Counts {
    const dashboards = this.list(namespace);
    return { dashboards: dashboards.length, panels: dashboards.reduce((sum, it) => sum + panelCount(it), 0) };
  }

  /** The counts now, and again after each change, until the signal aborts. */
  async *follow(namespace: string, signal: AbortSignal): AsyncGenerator<Counts> {
    while (!signal.aborted) {
      const seen = this.#revision;
      yield this.counts(namespace);
      if (this.#revision === seen) await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #tell(): void {
    this.#revision += 1;
    for (const wake of this.#waiting) wake();
  }
}

/** Of a dashboard in v1beta1. */
export const panelCount = (dashboard: JsonObject): number => objectsIn(objectIn(objectIn(dashboard, "spec"), "layout"), "panels").length;
