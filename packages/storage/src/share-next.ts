/**
 * Calls of `ask` that cost one each, shared: those who come while one is under way share the next one, never the one under way, since what it gives
 * may be older than their question.
 */
export function shareNext<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> | undefined;
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    next = undefined;
    const asked = ask();
    const ended = asked
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (running === ended) running = undefined;
      });
    running = ended;
    return asked;
  };
  return () => {
    if (running === undefined) return begin();
    next ??= running.then(begin);
    return next;
  };
}
