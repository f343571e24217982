import { badRequest, type Cause, invalid } from "@dataplane/meta";
import { type Continuation, decodeContinuation } from "./continue-token.js";
import { revisionOf, wholeNumber } from "./query-flags.js";

/** How a list is to be read (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list). */
export interface ListOptions {
  /** "newest" is proven fresh; "any" is what the cache holds; "atLeast" waits; "exact" is a snapshot. */
  readonly mode: "newest" | "any" | "atLeast" | "exact";
  readonly revision: bigint;
  /** 0 for no limit. */
  readonly limit: number;
  /** Relative to the list's prefix; undefined for the first page. */
  readonly after: string | undefined;
}

/** Throws BadRequest and Invalid in the words of kube-apiserver. */
export function listOptions(query: URLSearchParams): ListOptions {
  const limit = wholeNumber(query, "limit") ?? 0;
  const version = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const continuation = query.get("continue") ?? "";
  if (query.get("sendInitialEvents") !== null) throw invalidOptions("sendInitialEvents", "sendInitialEvents is forbidden for list");
  if (continuation !== "") return continued(decodeContinuation(continuation), { limit, version, match });
  requireMatch(match, version);
  const revision = revisionOf(version) ?? 0n;
  return { mode: modeOf({ version, match, isLimited: limit > 0, revision }), revision, limit, after: undefined };
}

function continued(
  { revision, after }: Continuation,
  { limit, version, match }: { readonly limit: number; readonly version: string; readonly match: string },
): ListOptions {
  if (match !== "") throw invalidOptions("resourceVersionMatch", "resourceVersionMatch is forbidden for continue");
  if (version !== "" && version !== "0") throw badRequest("specifying resource version is not allowed when using continue");
  return revision === undefined ? { mode: "newest", revision: 0n, limit, after } : { mode: "exact", revision, limit, after };
}

function requireMatch(match: string, version: string): void {
  if (match === "") return;
  if (version === "") throw invalidOptions("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (match === "Exact" && version === "0") {
    throw invalidOptions("resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (match !== "Exact" && match !== "NotOlderThan") {
    const message = `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`;
    throw invalidList({ reason: "FieldValueNotSupported", message, field: "resourceVersionMatch" });
  }
}

function modeOf(asked: {
  readonly version: string;
  readonly match: string;
  readonly isLimited: boolean;
  readonly revision: bigint;
}): ListOptions["mode"] {
  if (asked.version === "") return "newest";
  if (asked.revision === 0n) return "any";
  if (asked.match === "Exact") return "exact";
  // Without a match, a limit has always meant the very snapshot.
  return asked.match === "" && asked.isLimited ? "exact" : "atLeast";
}

export const invalidOptions = (field: string, why: string): Error =>
  invalidList({ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field });

const invalidList = (cause: Cause): Error => invalid("ListOptions", "meta.k8s.io", "", [cause]);
