import type { Cause, Condition, ObjectMeta } from "@dataplane/meta";
import { invalid, required } from "./causes.js";

const annotation = "api-approved.kubernetes.io";
const see = "see https://github.com/kubernetes/enhancements/pull/1111";

interface Approval {
  readonly state: "approved" | "bypassed" | "missing" | "invalid";
  readonly reason: string;
}

/** Groups that belong to the Kubernetes community: a definition in one must say who approved it. */
export const isProtectedGroup = (group: string): boolean =>
  ["k8s.io", "kubernetes.io"].some((owner) => group === owner || group.endsWith(`.${owner}`));

function approvalOf({ annotations = {} }: Pick<ObjectMeta, "annotations">): Approval {
  const text = annotations[annotation] ?? "";
  if (text === "") return { state: "missing", reason: `protected groups must have approval annotation "${annotation}", ${see}` };
  if (text.startsWith("unapproved")) return { state: "bypassed", reason: `not approved: ${JSON.stringify(text)}` };
  if (URL.canParse(text) && new URL(text).host !== "") return { state: "approved", reason: `approved in ${text}` };
  const wanted = 'with either a URL or a reason starting with "unapproved"';
  return { state: "invalid", reason: `protected groups must have approval annotation "${annotation}" ${wanted}, ${see}` };
}

interface Approvable {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly group: string };
}

/** A definition that was let through once may stay as it is. */
export function approvalCauses({ metadata, spec }: Approvable, old: Approvable | undefined): readonly Cause[] {
  if (!isProtectedGroup(spec.group)) return [];
  const { state, reason } = approvalOf(metadata);
  if (old !== undefined && approvalOf(old.metadata).state === state) return [];
  const field = `metadata.annotations[${annotation}]`;
  if (state === "missing") return [required(field, reason)];
  return state === "invalid" ? [invalid(field, metadata.annotations?.[annotation] ?? "", reason)] : [];
}

const reasons = {
  approved: "ApprovedAnnotation",
  bypassed: "UnapprovedAnnotation",
  missing: "MissingAnnotation",
  invalid: "InvalidAnnotation",
} as const;

/** The condition KubernetesAPIApprovalPolicyConformant; undefined for a group of someone's own. */
export function approvalCondition({ metadata, spec }: Approvable): Omit<Condition, "lastTransitionTime"> | undefined {
  if (!isProtectedGroup(spec.group)) return undefined;
  const { state, reason } = approvalOf(metadata);
  const status = state === "approved" ? "True" : "False";
  return { type: "KubernetesAPIApprovalPolicyConformant", status, reason: reasons[state], message: reason };
}
