import type { PluginContext } from "@dataplane/plugin-protocol";

/** What can be thrown away after its last use. */
export interface Disposable {
  readonly dispose?: () => void | Promise<void>;
}

export interface InstanceCacheOptions<Instance extends Disposable> {
  readonly create: (context: PluginContext, tenant: string) => Promise<Instance>;
  /** Told of a `dispose` that failed. */
  readonly onDisposeError: (thrown: unknown) => void;
  /** How long a replaced instance lives on, for its calls in flight. Milliseconds. */
  readonly graceMs: number;
}

interface Entry<Instance> {
  readonly lastUpdatedMS: number;
  readonly config: Readonly<Record<string, string>>;
  readonly instance: Promise<Instance>;
}

/**
 * One instance for each data source (or app) of each tenant. It is made again when its settings' update time or the host's
 * configuration differs, in either direction; the old one is disposed of a little later.
 */
export class InstanceCache<Instance extends Disposable> {
  readonly #options: InstanceCacheOptions<Instance>;
  readonly #entries = new Map<string, Entry<Instance>>();
  readonly #retired = new Map<Promise<Instance>, NodeJS.Timeout>();

  constructor(options: InstanceCacheOptions<Instance>) {
    this.#options = options;
  }

  /** The instance for a call. Rejects with what `create` threw; the next call then tries again. */
  get(context: PluginContext, tenantId: string | undefined): Promise<Instance> {
    // Hosts that send no tenant still say the namespace: two namespaces may each have a data source of one uid.
    const tenant = tenantId ?? context.namespace;
    const key = JSON.stringify([tenant, context.dataSourceInstanceSettings?.uid ?? null]);
    const settings = context.dataSourceInstanceSettings ?? context.appInstanceSettings;
    const lastUpdatedMS = settings?.lastUpdatedMS ?? 0;
    const known = this.#entries.get(key);
    if (known?.lastUpdatedMS === lastUpdatedMS && sameMap(known.config, context.grafanaConfig)) return known.instance;
    const instance = this.#options.create(context, tenant);
    const entry = { lastUpdatedMS, config: context.grafanaConfig, instance };
    this.#entries.set(key, entry);
    instance.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    if (known !== undefined) this.#retire(known.instance);
    return instance;
  }

  /** Disposes of every instance now. */
  async clear(): Promise<void> {
    for (const timer of this.#retired.values()) clearTimeout(timer);
    const all = [...this.#retired.keys(), ...[...this.#entries.values()].map((entry) => entry.instance)];
    this.#retired.clear();
    this.#entries.clear();
    await Promise.all(all.map((instance) => this.#dispose(instance)));
  }

  #retire(instance: Promise<Instance>): void {
    const timer = setTimeout(() => {
      this.#retired.delete(instance);
      void this.#dispose(instance);
    }, this.#options.graceMs);
    timer.unref();
    this.#retired.set(instance, timer);
  }

  async #dispose(pending: Promise<Instance>): Promise<void> {
    let instance: Instance;
    try {
      instance = await pending;
    } catch {
      return; // It was never made, and its callers were told why.
    }
    try {
      await instance.dispose?.();
    } catch (thrown) {
      this.#options.onDisposeError(thrown);
    }
  }
}

function sameMap(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
