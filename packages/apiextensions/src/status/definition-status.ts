import { type Condition, setCondition } from "@dataplane/meta";
import { type CustomResourceDefinition, type DefinitionStatus, isTrue } from "../definition/custom-resource-definition.js";
import { approvalCondition } from "../validation/api-approval.js";
import { aggregate } from "../validation/causes.js";
import { firstUnreadable, structuralCauses } from "../validation/structural.js";
import { caBundleProblem } from "../validation/webhook-address.js";
import { acceptNames, type TakenNames } from "./accept-names.js";

type NewCondition = Omit<Condition, "lastTransitionTime">;

/** The status that a definition should have, given the names that others of its group have. */
export function definitionStatus(definition: CustomResourceDefinition, taken: TakenNames, now: Date): DefinitionStatus {
  const { status, metadata } = definition;
  const { names, condition } = acceptNames(definition, taken);
  const wanted = [condition, establishedCondition(definition, condition)];
  const optional = [nonStructuralCondition(definition), approvalCondition(definition)];
  const kept = status.conditions.filter(({ type }) => !optionalTypes.has(type) || optional.some((it) => it?.type === type));
  const conditions = [...wanted, ...optional].reduce<readonly Condition[]>((all, it) => (it === undefined ? all : setCondition(all, it, now)), kept);
  return {
    ...status,
    conditions,
    acceptedNames: names,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
  };
}

const optionalTypes = new Set(["NonStructuralSchema", "KubernetesAPIApprovalPolicyConformant"]);

/** Once established it stays so: there are objects. */
function establishedCondition(definition: CustomResourceDefinition, accepted: NewCondition): NewCondition | undefined {
  if (isTrue(definition, "Established")) return undefined;
  const condition = (status: "True" | "False", reason: string, message: string): NewCondition => ({ type: "Established", status, reason, message });
  if (accepted.status !== "True") return condition("False", "NotAccepted", "not all names are accepted");
  const caBundle = definition.spec.conversion?.webhook?.clientConfig?.caBundle ?? "";
  if (caBundle !== "" && caBundleProblem(caBundle) !== undefined) {
    return condition("False", "InvalidCABundle", "The conversion webhook CABundle is invalid");
  }
  return condition("True", "InitialNamesAccepted", "the initial names have been accepted");
}

/** New definitions cannot be so; older ones may have been let through. */
function nonStructuralCondition({ spec }: CustomResourceDefinition): NewCondition | undefined {
  const preserve =
    spec.preserveUnknownFields === true
      ? [{ reason: "FieldValueInvalid", message: "Invalid value: true: must be false", field: "spec.preserveUnknownFields" }]
      : [];
  const causes = spec.versions.flatMap(({ schema }, index) => {
    const root = schema?.openAPIV3Schema;
    if (root === undefined || firstUnreadable(root) !== undefined) return [];
    return structuralCauses(root, `spec.versions[${index}].schema.openAPIV3Schema`);
  });
  const all = [...preserve, ...causes];
  return all.length === 0 ? undefined : { type: "NonStructuralSchema", status: "True", reason: "Violations", message: aggregate(all) };
}
