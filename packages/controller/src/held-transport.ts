import type { Transport } from "@dataplane/client";
import { ApiError } from "@dataplane/meta";

/**
 * A transport for the work of a leader: what would write is refused, unsent, with Conflict when `isHeld` says that the lead is lost. Reads go
 * on: they change nothing, and informers end by their signal.
 */
export const heldTransport =
  (transport: Transport, isHeld: () => boolean): Transport =>
  async (request) => {
    if (request.method !== "GET" && !isHeld()) throw new ApiError("Conflict", "this process does not lead any more: nothing was written");
    return transport(request);
  };
