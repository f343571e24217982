/** Whom a call goes to, and for whom. */
export interface CallTarget {
  /** Or the name of a DataPlaneService that has no plugin but a backend. */
  readonly pluginId: string;
  readonly namespace: string;
  /** Empty for an app. */
  readonly uid: string;
  /** Name of the user who asks. */
  readonly user: string;
  /** What is asked where that is not the plugin; it has a breaker of its own. */
  readonly backend?: string;
  /** A second call for the same request, such as one without chunks: it is in flight, but no new start. */
  readonly again?: boolean;
}

/**
 * Bounds what one data source and one user may have in flight and start in a time, and keeps calls from a backend that is down: five
 * transport failures in a row open its breaker, one trial goes through after a while, and until it succeeds calls fail at once.
 */
export interface CallGuard {
  /**
   * Makes the call when it may be made, and learns from its outcome. Throws ApiError TooManyRequests with Retry-After over a limit,
   * ServiceUnavailable with Retry-After while the breaker is open, and what `call` throws.
   */
  run<T>(target: CallTarget, call: () => Promise<T>): Promise<T>;
  /** Tells of a call that was not guarded, such as a health check, and went well: that closes the breaker. */
  readonly worked?: (target: Omit<CallTarget, "user" | "again">) => void;
}
