import { ApiError, type Handler, unavailable } from "@dataplane/meta";
import { OutcomeUnknown, StoreDamaged, StoreReadOnly, StoreUnavailable, ValueTooLarge } from "@dataplane/storage";

/** Answers what the store could not do as clients of Kubernetes expect it; anything else is left as it is. */
export const withStoreFailures =
  (serve: Handler): Handler =>
  async (request) => {
    try {
      return await serve(request);
    } catch (thrown) {
      throw storeFailure(thrown);
    }
  };

/**
 * Nothing written: 503 with Retry-After, and the cause StoreReadOnly where reads go on. Perhaps written: 504, after which clients read before they write
 * again. Too large for the database: 413. Damaged: our own 500. Where the store is and what is wrong with it is for the log.
 */
function storeFailure(thrown: unknown): unknown {
  if (thrown instanceof StoreUnavailable) return unavailable("the store cannot be reached now");
  if (thrown instanceof StoreReadOnly) {
    const message = "the store cannot be written now";
    const causes = [{ reason: "StoreReadOnly", message: "nothing was written; reads go on", field: "" }];
    return new ApiError("ServiceUnavailable", message, { details: { causes, retryAfterSeconds: 1 }, cause: thrown });
  }
  if (thrown instanceof OutcomeUnknown) {
    const message = "the store failed while the write was under way: it may or may not have happened";
    return new ApiError("Timeout", message, { details: { retryAfterSeconds: 1 }, cause: thrown });
  }
  if (thrown instanceof ValueTooLarge) return new ApiError("RequestEntityTooLarge", "the object is larger than the store takes", { cause: thrown });
  if (thrown instanceof StoreDamaged) return new ApiError("InternalError", "what is stored is damaged", { cause: thrown });
  return thrown;
}
