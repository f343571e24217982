import type { Cause, OwnerReference } from "@dataplane/meta";
import { invalidValue, required } from "../schema/field-errors.js";

/** What is wrong with `metadata.ownerReferences` beyond their types: each names its owner in full, and one of them at most is the controller. */
export function ownerCauses(references: readonly Partial<OwnerReference>[]): readonly Cause[] {
  return [...references.flatMap(referenceCauses), ...controllerCauses(references)];
}

function referenceCauses(reference: Partial<OwnerReference>, index: number): readonly Cause[] {
  const at = `metadata.ownerReferences[${index}]`;
  const missing = (["apiVersion", "kind", "name", "uid"] as const).filter((field) => (reference[field] ?? "") === "");
  const { apiVersion = "", kind = "" } = reference;
  const causes = missing.map((field) => ({ ...required(`${at}.${field}`), message: "Required value: must not be empty" }));
  const isVersion = apiVersion === "" || /^(?:[^/]+\/)?[^/]+$/.test(apiVersion);
  const versionCauses = isVersion ? [] : [invalidValue(`${at}.apiVersion`, apiVersion, "must be <group>/<version> or <version>")];
  const isBanned = apiVersion === "v1" && kind === "Event";
  const ban = isBanned ? [invalidValue(at, { ...reference }, "/v1, Kind=Event is disallowed from being an owner")] : [];
  return [...versionCauses, ...causes, ...ban];
}

function controllerCauses(references: readonly Partial<OwnerReference>[]): readonly Cause[] {
  const [first, ...more] = references.filter(({ controller }) => controller === true).map(({ kind = "", name = "" }) => `${kind}/${name}`);
  return more.map((it) => {
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${first ?? ""} and ${it}`;
    return invalidValue(
      "metadata.ownerReferences",
      references.map((reference) => ({ ...reference })),
      why,
    );
  });
}
