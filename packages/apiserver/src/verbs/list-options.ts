import { badRequest, type Cause, invalid } from "@dataplane/meta";
import { notSupported } from "../schema/field-errors.js";
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
  const limit = Math.max(0, wholeNumber(query, "limit") ?? 0);
  // A list has no use for it, but a number it is.
  wholeNumber(query, "timeoutSeconds");
  const version = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const continuation = query.get("continue") ?? "";
  requireValid([
    ...matchCauses({ match, version, continuation }),
    ...(query.get("sendInitialEvents") === null ? [] : [forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")]),
  ]);
  if (continuation !== "") return continued(decodeContinuation(continuation), { limit, version });
  const revision = revisionOf(version) ?? 0n;
  return { mode: modeOf({ version, match, isLimited: limit > 0, revision }), revision, limit, after: undefined };
}

function continued({ revision, after }: Continuation, { limit, version }: { readonly limit: number; readonly version: string }): ListOptions {
  if (version !== "" && version !== "0") throw badRequest("specifying resource version is not allowed when using continue");
  return revision === undefined ? { mode: "newest", revision: 0n, limit, after } : { mode: "exact", revision, limit, after };
}

function matchCauses(asked: { readonly match: string; readonly version: string; readonly continuation: string }): readonly Cause[] {
  const { match, version, continuation } = asked;
  const field = "resourceVersionMatch";
  if (match === "") return [];
  return [
    ...(version === "" ? [forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided")] : []),
    ...(continuation === "" ? [] : [forbidden(field, "resourceVersionMatch is forbidden when continue is provided")]),
    ...(match === "Exact" || match === "NotOlderThan" ? [] : [notSupported(field, match, ["Exact", "NotOlderThan", ""])]),
    ...(match === "Exact" && version === "0" ? [forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')] : []),
  ];
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

export const forbidden = (field: string, why: string): Cause => ({ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field });

/** Throws Invalid when there are causes. */
export function requireValid(causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid("ListOptions", "meta.k8s.io", "", causes);
}
