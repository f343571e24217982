import { type Clock, type Logger, type Metrics, unavailable } from "@dataplane/meta";
import type { CallGuard, CallTarget } from "../call-guard.js";
import { BoundedEntries } from "./bounded-entries.js";
import { Breaker, type Outcome } from "./breaker.js";
import { outcomeOf } from "./call-outcome.js";
import { type GuardMetrics, guardMetrics } from "./guard-metrics.js";
import { type LimitedParty, type StartLimit, StartLimits } from "./start-limits.js";

export interface CallGuardOptions {
  readonly perDataSource: StartLimit;
  readonly perUser: StartLimit;
  /** Time that a call has unless its caller asks for less. */
  readonly callTimeoutMs: number;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After this time without a failure what is known is old: most likely nobody asks that backend any more. */
const forgetFailuresMs = 10 * 60_000;

export const createCallGuard = (options: CallGuardOptions): CallGuard => new LimitsAndBreakers(options);

type Backend = Omit<CallTarget, "user" | "again">;

class LimitsAndBreakers implements CallGuard {
  readonly #options: CallGuardOptions;
  readonly #metrics: GuardMetrics;
  readonly #dataSources: StartLimits;
  readonly #users: StartLimits;
  readonly #limited: boolean;
  /** Of backends with failures only: nearly always there is none. */
  readonly #breakers: BoundedEntries<Breaker>;

  constructor(options: CallGuardOptions) {
    this.#options = options;
    const isOld = (breaker: Breaker): boolean => breaker.isSound || this.#nowMs() - breaker.lastFailureMs > forgetFailuresMs;
    this.#breakers = new BoundedEntries(isOld);
    this.#metrics = guardMetrics(options.metrics, () => [...this.#breakers.values()].filter((breaker) => breaker.isOpen && !isOld(breaker)).length);
    this.#dataSources = this.#limits("datasource", options.perDataSource);
    this.#users = this.#limits("user", options.perUser);
    this.#limited = this.#dataSources.limited || this.#users.limited;
  }

  run<T>(target: CallTarget, call: () => Promise<T>): Promise<T> {
    // Nothing is bounded and nothing is known against anybody: only how the call ends is of interest.
    if (!this.#limited && this.#breakers.size === 0) return this.#followed(target, call);
    return this.#guarded(target, call);
  }

  #followed<T>(target: CallTarget, call: () => Promise<T>): Promise<T> {
    const startedMs = this.#nowMs();
    return call().then(
      (response) => {
        if (this.#breakers.size > 0) this.#ended(target, "worked", { trialOf: undefined, startedMs });
        return response;
      },
      (thrown: unknown) => {
        const outcome = outcomeOf(thrown, { tookMs: this.#nowMs() - startedMs, callTimeoutMs: this.#options.callTimeoutMs });
        if (outcome !== "worked" || this.#breakers.size > 0) this.#ended(target, outcome, { trialOf: undefined, startedMs });
        throw thrown;
      },
    );
  }

  async #guarded<T>(target: CallTarget, call: () => Promise<T>): Promise<T> {
    const startedMs = this.#nowMs();
    const open = this.#requireUsable(target, startedMs);
    const leave = this.#limited ? this.#enter(target) : undefined;
    const trialOf = open?.start() === true ? open : undefined;
    let outcome: Outcome = "worked";
    try {
      return await call();
    } catch (thrown) {
      outcome = outcomeOf(thrown, { tookMs: this.#nowMs() - startedMs, callTimeoutMs: this.#options.callTimeoutMs });
      throw thrown;
    } finally {
      leave?.();
      if (outcome !== "worked" || this.#breakers.size > 0) this.#ended(target, outcome, { trialOf, startedMs });
    }
  }

  readonly worked = (target: Backend): void => {
    const breaker = this.#breakers.get(backendKey(target));
    if (breaker !== undefined) this.#judge(breaker, target, () => breaker.close());
  };

  /** The backend's breaker if something is known against it. Throws while it is open. */
  #requireUsable(target: CallTarget, nowMs: number): Breaker | undefined {
    const breaker = this.#breakers.size === 0 ? undefined : this.#breakers.get(backendKey(target));
    const refusedForMs = breaker?.refusedForMs(nowMs) ?? 0;
    if (refusedForMs === 0) return breaker;
    this.#metrics.broken(target.pluginId);
    throw unavailable(`${shown(target)} failed several times in a row and is not asked for now`, Math.ceil(refusedForMs / 1000));
  }

  /** Takes a place of the data source and of the user, and gives the way out; takes none where it throws. */
  #enter({ user, again = false, ...target }: CallTarget): () => void {
    const key = dataSourceKey(target);
    this.#dataSources.require(key, { shown: shown(target), again });
    this.#users.require(user, { shown: `user ${JSON.stringify(user)}`, again });
    const leaveDataSource = this.#dataSources.start(key, again);
    const leaveUser = this.#users.start(user, again);
    return () => {
      leaveDataSource();
      leaveUser();
    };
  }

  #ended(target: Backend, outcome: Outcome, { trialOf, startedMs }: { readonly trialOf: Breaker | undefined; readonly startedMs: number }): void {
    const known = trialOf ?? this.#breakers.get(backendKey(target));
    const isFailure = outcome === "away" || outcome === "late";
    if (known === undefined && !isFailure) return;
    const breaker = known ?? new Breaker();
    if (known === undefined) this.#breakers.set(backendKey(target), breaker);
    this.#judge(breaker, target, () => breaker.ended(outcome, { trial: trialOf !== undefined, startedMs, endMs: this.#nowMs() }));
  }

  #judge(breaker: Breaker, target: Backend, tell: () => void): void {
    const { isOpen: wasOpen, lastFailureMs } = breaker;
    tell();
    const { pluginId, namespace, uid } = target;
    if (breaker.isOpen && (!wasOpen || breaker.lastFailureMs !== lastFailureMs)) {
      this.#metrics.opened(pluginId);
      this.#options.logger.warn(
        { pluginId, namespace, uid, waitMs: breaker.waitMs },
        "calls fail at once: the backend failed several times in a row",
      );
    }
    if (!breaker.isSound) return;
    if (wasOpen) this.#options.logger.info({ pluginId, namespace, uid }, "calls go through again");
    if (this.#breakers.get(backendKey(target)) === breaker) this.#breakers.delete(backendKey(target));
  }

  #limits(party: LimitedParty, limit: StartLimit): StartLimits {
    return new StartLimits({ party, limit, nowMs: () => this.#nowMs(), refused: (which) => this.#metrics.limited(which) });
  }

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }
}

// No part of a name has a NUL.
const dataSourceKey = ({ pluginId, namespace, uid }: Backend): string => `${pluginId}\0${namespace}\0${uid}`;
const backendKey = (target: Backend): string =>
  target.backend === undefined ? dataSourceKey(target) : `${dataSourceKey(target)}\0${target.backend}`;

/** Neither a plugin nor a data source: a backend of a DataPlaneService. */
function shown({ pluginId, uid, backend }: Backend): string {
  if (uid !== "") return `data source ${JSON.stringify(uid)}`;
  return `${backend === undefined ? "app" : "the backend of DataPlaneService"} ${JSON.stringify(pluginId)}`;
}
