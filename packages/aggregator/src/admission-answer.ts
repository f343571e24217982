import { type AdmissionDenial, changedIdentity, withIdentity } from "@dataplane/apiserver";
import { ApiError, type JsonObject, type StatusDetails } from "@dataplane/meta";

/** What a hook says of a refusal; any of it may be missing. */
export interface RefusalWords {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

/** A refusal needs no words: it is 403 then, as kube-apiserver has it. */
export function denialOf({ code = 0, reason = "", message = "", details }: RefusalWords): AdmissionDenial {
  const words = { code: code >= 400 && code <= 599 ? code : 403, reason: reason === "" ? "Forbidden" : reason, message };
  return details === undefined ? words : { ...words, details };
}

/** `after` as it may be stored in place of `before`. Throws BadGateway when it is no object or another one; `who` is the hook, in words. */
export function mutatedObject(before: JsonObject, after: JsonObject | undefined, who: string): JsonObject {
  if (after === undefined) throw brokenHook(who, "answered a mutation with what is no JSON object");
  const changed = changedIdentity(before, after);
  if (changed.length > 0) throw brokenHook(who, `changed ${changed.join(", ")}, which a mutation must not`);
  return withIdentity(before, after);
}

export const brokenHook = (who: string, what: string): ApiError => new ApiError("BadGateway", `${who} ${what}`);
