import type { Cause } from "@dataplane/meta";
import { notSupported } from "../schema/field-errors.js";
import { forbidden, requireValid } from "./list-options.js";
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
  const seconds = wholeNumber(query, "timeoutSeconds") ?? 0;
  // Spread over time, so that the watches of one start do not come back at once.
  const timeoutMs = (seconds === 0 ? defaultTimeoutSeconds * (1 + random()) : Math.max(0, seconds)) * 1000;
  const initial = query.get("sendInitialEvents");
  requireValid(causesOf(initial, query.get("resourceVersionMatch") ?? "", query.get("continue") ?? ""));
  // Without a version a watch has always begun with the state.
  const sendsState = initial === null ? version === undefined || version === 0n : flag(query, "sendInitialEvents");
  return {
    bookmarks,
    timeoutMs,
    notOlderThan: version ?? 0n,
    fresh: version === undefined,
    sendsState,
    marksEndOfState: sendsState,
    since: sendsState || version === 0n ? undefined : version,
  };
}

function causesOf(initial: string | null, match: string, continuation: string): readonly Cause[] {
  const field = "resourceVersionMatch";
  const isNotOlderThan = match === "NotOlderThan";
  const unmet =
    initial !== null && !isNotOlderThan ? [forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")] : [];
  if (match === "") return unmet;
  return [
    ...unmet,
    ...(initial === null ? [forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")] : []),
    ...(isNotOlderThan ? [] : [notSupported(field, match, ["NotOlderThan"])]),
    ...(continuation === "" ? [] : [forbidden(field, "resourceVersionMatch is forbidden when continue is provided")]),
  ];
}
