import { invalidOptions } from "./list-options.js";
import { flag, revisionOf, wholeNumber } from "./query-flags.js";

/** How a watch begins and ends (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch). */
export interface WatchOptions {
  /** Only changes after this revision; undefined: from the newest state. */
  readonly since: bigint | undefined;
  /** Whether the state itself is sent first, as ADDED events. */
  readonly sendsState: boolean;
  /** The state must be at least as new as this. */
  readonly notOlderThan: bigint;
  /** Whether the state is proven fresh before it is sent. */
  readonly fresh: boolean;
  /** A bookmark tells where the state ends. */
  readonly marksEndOfState: boolean;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

const defaultTimeoutSeconds = 1_800;

/** Throws BadRequest and Invalid in the words of kube-apiserver. */
export function watchOptions(query: URLSearchParams, random: () => number = Math.random): WatchOptions {
  const version = revisionOf(query.get("resourceVersion"));
  const bookmarks = flag(query, "allowWatchBookmarks");
  // Spread over time, so that the watches of one start do not come back at once.
  const timeoutMs = (wholeNumber(query, "timeoutSeconds") ?? defaultTimeoutSeconds * (1 + random())) * 1000;
  const initial = query.get("sendInitialEvents");
  requireMatch(initial, query.get("resourceVersionMatch") ?? "");
  const common = { bookmarks, timeoutMs, notOlderThan: version ?? 0n, fresh: version === undefined };
  if (initial !== null) {
    const sendsState = flag(query, "sendInitialEvents");
    return { ...common, sendsState, marksEndOfState: sendsState, since: sendsState || version === 0n ? undefined : version };
  }
  const isFromState = version === undefined || version === 0n;
  return { ...common, sendsState: isFromState, marksEndOfState: false, since: isFromState ? undefined : version };
}

function requireMatch(initial: string | null, match: string): void {
  if (initial === null && match !== "") {
    throw invalidOptions("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (initial !== null && match !== "NotOlderThan") {
    throw invalidOptions("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
}
