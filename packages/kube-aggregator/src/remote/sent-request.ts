import type { RemoteRequest } from "./remote-transport.js";

/** A request with all its headers, as it goes over a connection. */
export interface SentRequest extends Pick<RemoteRequest, "method" | "path" | "body" | "signal"> {
  readonly headers: Readonly<Record<string, string | string[]>>;
}
