import type { Cause } from "@dataplane/meta";
import type { Subresources } from "../definition/custom-resource-definition.js";
import { invalid, required } from "./causes.js";
import { simplePathCauses } from "./simple-path.js";

export function validateSubresources(subresources: Subresources | undefined, path: string): readonly Cause[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath = "" } = scale;
  return [
    ...pathBelow(specReplicasPath, [".spec."], { field: `${path}.scale.specReplicasPath`, words: "should be a json path under .spec" }),
    ...pathBelow(statusReplicasPath, [".status."], { field: `${path}.scale.statusReplicasPath`, words: "should be a json path under .status" }),
    ...(labelSelectorPath === ""
      ? []
      : pathBelow(labelSelectorPath, [".spec.", ".status."], {
          field: `${path}.scale.labelSelectorPath`,
          words: "should be a json path under either .spec or .status",
        })),
  ];
}

function pathBelow(value: string, roots: readonly string[], { field, words }: { readonly field: string; readonly words: string }): readonly Cause[] {
  if (value === "") return [required(field)];
  const causes = simplePathCauses(value, field);
  if (causes.length > 0) return causes;
  return roots.some((root) => value.startsWith(root)) ? [] : [invalid(field, value, words)];
}
