import { ApiError, type Reason } from "./api-error.js";

/** What the work gives, or undefined when it failed for one of these reasons: the object is gone already, say, which nobody minds. */
export async function tolerating<T>(work: Promise<T>, ...reasons: readonly Reason[]): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof ApiError && reasons.includes(thrown.reason)) return undefined;
    throw thrown;
  }
}
