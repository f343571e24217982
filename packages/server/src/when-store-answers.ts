import { ApiError, type Clock } from "@dataplane/meta";

const pauseMs = 500;

/**
 * Takes a step of the start again until the store answers: a database that is away for a moment ends no server that starts. The step may have been
 * taken in part. Rejects with whatever else it throws, and when the signal aborts.
 */
export async function whenStoreAnswers<T>(
  step: () => Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  for (;;) {
    try {
      return await step();
    } catch (thrown) {
      if (signal.aborted || !isAway(thrown)) throw thrown;
    }
    await clock.sleep(pauseMs, signal);
  }
}

const isAway = (thrown: unknown): boolean => thrown instanceof ApiError && (thrown.reason === "ServiceUnavailable" || thrown.reason === "Timeout");
