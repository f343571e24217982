const periodMs = 2000;

/** Calls back once when the process that started this one is gone; returns the way to stop watching. */
export function watchParent(onGone: () => void): () => void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    // An orphan is given to another parent at once.
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, periodMs);
  timer.unref();
  return () => clearInterval(timer);
}
