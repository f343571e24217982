import {
  ApiError,
  type GroupVersionKind,
  type GroupVersionResource,
  type JsonObject,
  type Reason,
  type StatusDetails,
  type UserInfo,
} from "@dataplane/meta";

export const admissionOperations = ["CREATE", "UPDATE", "DELETE"] as const;
export type AdmissionOperation = (typeof admissionOperations)[number];

/** One write that is about to happen (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/). */
export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly name: string;
  /** Empty at the cluster scope. */
  readonly namespace: string;
  /** As it would be stored; undefined on DELETE. */
  readonly object: JsonObject | undefined;
  /** As it is stored now; undefined on CREATE. */
  readonly oldObject: JsonObject | undefined;
  readonly dryRun: boolean;
  /** `meta.k8s.io/v1` CreateOptions, UpdateOptions, PatchOptions or DeleteOptions of the request, as clients sent them. */
  readonly options?: JsonObject;
  /** Who writes. */
  readonly user: UserInfo;
}

/** Why a write is refused, as the hook says it: the reason may be one that this server does not know. */
export interface AdmissionDenial {
  /** 400 to 599. */
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** What is at fault, as clients show it beside the message. */
  readonly details?: StatusDetails;
  /** Who refuses, such as `webhook "a.example.com"`, where one hook speaks for several. */
  readonly by?: string;
}

export interface AdmissionVerdict {
  /** For the user, whatever the outcome. */
  readonly warnings: readonly string[];
  /** Absent when the write is allowed. */
  readonly denial?: AdmissionDenial;
}

export interface MutationVerdict extends AdmissionVerdict {
  /** The object to store: what was asked about when the hook changed nothing, with its identity in any case. */
  readonly object: JsonObject | undefined;
}

/** What is known of a write before its object is made. */
export type HookConcern = Pick<AdmissionAttributes, "operation" | "kind" | "resource" | "subresource">;

/**
 * Someone else's say in writes of objects. `mutate` comes first, `validate` sees its outcome. Both throw ApiError when they could not be
 * asked; a refusal is no error but a verdict.
 */
export interface AdmissionHook {
  /** False: it has no say in such a write, and neither of the others is called. True unless told. It waits for nothing. */
  concerns?(write: HookConcern): boolean;
  mutate(attributes: AdmissionAttributes, signal: AbortSignal): Promise<MutationVerdict>;
  validate(attributes: AdmissionAttributes, signal: AbortSignal): Promise<AdmissionVerdict>;
}

const reasonsOfCodes = new Map<number, Reason>([
  [404, "NotFound"],
  [409, "Conflict"],
  [413, "RequestEntityTooLarge"],
  [422, "Invalid"],
  [429, "TooManyRequests"],
]);

/** What a refusal may say with a code of 400, which says little. */
const knownReasons: ReadonlyMap<string, Reason> = new Map(
  (["BadRequest", "Forbidden", "Unauthorized", "Conflict", "Invalid", "NotFound", "AlreadyExists", "RequestEntityTooLarge"] as const).map((it) => [
    it,
    it,
  ]),
);

/** The refusal as the writer gets it, in the words of kube-apiserver; `who` names the hook. */
export function denialError(who: string, { code, reason, message, details }: AdmissionDenial): ApiError {
  const words = message === "" ? "denied the request without explanation" : `denied the request: ${message}`;
  const known = reasonsOfCodes.get(code) ?? knownReasons.get(reason) ?? (code === 400 ? "BadRequest" : "Forbidden");
  return new ApiError(known, `admission ${who} ${words}`, { code, ...(details === undefined ? {} : { details }) });
}
