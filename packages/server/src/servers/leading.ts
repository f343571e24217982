import type { ApiClient } from "@dataplane/client";
import { leaderElection, type WhileLeading } from "@dataplane/controller";
import { aborted, type Clock, LinkedAbort, type Logger } from "@dataplane/meta";
import { Lifetime, type Runnable } from "../lifetime.js";

/** What runs at this moment; nothing while another server leads. */
export interface Current<T> {
  readonly current: T | undefined;
}

/** Runs what one server alone may do, of those that share a store. */
export interface Leading {
  /** Makes and runs it each time that this server comes to lead; it ends when the lead is lost. */
  start<T extends Runnable>(name: string, make: () => T): Current<T>;
}

/** For a server that has its store for itself: all begins at once, and waits for nobody. */
export const alone = (lifetime: Lifetime): Leading => ({
  start(name, make) {
    const current = make();
    lifetime.start(name, current);
    return { current };
  },
});

/** The same for packages below, which need no hold of what runs. */
export const whileLeading =
  (leading: Leading): WhileLeading =>
  (name, make) =>
    void leading.start(name, make);

export interface ElectedOptions {
  /** As the control plane. */
  readonly client: ApiClient;
  readonly identity: string;
  /** Of the Lease, and how often it is renewed; client-go's own times unless told: 15, 10 and 2 seconds. */
  readonly leaseSeconds?: number;
  readonly renewDeadlineSeconds?: number;
  readonly retrySeconds?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const controllersLease = { namespace: "kube-system", name: "dataplane-controllers" } as const;

interface Part {
  readonly name: string;
  begin(term: Lifetime): void;
  end(): void;
}

/** For servers that share a store: the holder of the Lease `dataplane-controllers` leads. */
export class ElectedLeading implements Leading {
  readonly #options: ElectedOptions;
  readonly #parts: Part[] = [];
  #term: Lifetime | undefined;

  constructor(options: ElectedOptions) {
    this.#options = options;
  }

  get isLeading(): boolean {
    return this.#term !== undefined;
  }

  start<T extends Runnable>(name: string, make: () => T): Current<T> {
    const held: { current: T | undefined } = { current: undefined };
    const part: Part = {
      name,
      begin(term) {
        const made = make();
        held.current = made;
        term.start(name, made);
      },
      end() {
        held.current = undefined;
      },
    };
    this.#parts.push(part);
    if (this.#term !== undefined) part.begin(this.#term);
    return held;
  }

  /** Runs for the lead until the lifetime ends or this server begins to stop. */
  startIn(lifetime: Lifetime, stopping: AbortSignal): void {
    lifetime.start("run for the lead", { run: (signal) => this.run(new LinkedAbort(signal, stopping).signal) });
  }

  /** Until `signal` aborts; the Lease is then given up when all has ended. */
  async run(signal: AbortSignal): Promise<void> {
    await leaderElection({ ...this.#options, lease: controllersLease }, (held) => this.#lead(held), signal);
  }

  async #lead(held: AbortSignal): Promise<void> {
    const term = new Lifetime(this.#options.logger);
    this.#term = term;
    for (const part of this.#parts) part.begin(term);
    await aborted(held);
    this.#term = undefined;
    for (const part of this.#parts) part.end();
    await term.end();
  }
}
