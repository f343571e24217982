import type { AdmissionHook, HookConcern } from "@dataplane/apiserver";
import type { ManifestKind } from "../app-manifest-spec.js";
import { lists } from "./manifest-hooks.js";

/** What is asked about a kind, and who. */
export interface KindHook {
  readonly admission: ManifestKind["admission"];
  readonly hook: AdmissionHook;
}

/**
 * The say of apps in writes of their own kinds, on the operations that their manifests list; `hookOf` finds what is asked about a kind in
 * one of its versions. Subresources are no objects of their own, and not asked about.
 */
export function kindAdmission(hookOf: (kind: HookConcern["kind"]) => KindHook | undefined): AdmissionHook {
  const asked = ({ operation, kind, subresource }: HookConcern, step: "mutation" | "validation"): AdmissionHook | undefined => {
    const found = subresource === "" ? hookOf(kind) : undefined;
    return found !== undefined && lists(found.admission[step], operation) ? found.hook : undefined;
  };
  return {
    concerns: (write) => asked(write, "mutation") !== undefined || asked(write, "validation") !== undefined,
    mutate: async (attributes, signal) =>
      (await asked(attributes, "mutation")?.mutate(attributes, signal)) ?? { object: attributes.object, warnings: [] },
    validate: async (attributes, signal) => (await asked(attributes, "validation")?.validate(attributes, signal)) ?? { warnings: [] },
  };
}
