import type { Cause } from "@dataplane/meta";
import type { ManifestSpec } from "../app-manifest-spec.js";
import { invalidValue } from "./causes.js";

/** Bindings name roles that there are; a role says what it may by a set or by verbs, and of kinds that there are. */
export function roleCauses({ roles, roleBindings, versions }: ManifestSpec): readonly Cause[] {
  const names = new Set(roles.map(({ name }) => name));
  const kinds = new Set(versions.flatMap((version) => version.kinds.map(({ kind }) => kind)));
  const bindings = [...roleBindings].flatMap(([field, listed]) =>
    listed.flatMap((name, index) =>
      names.has(name) ? [] : [invalidValue(`spec.roleBindings.${field}[${index}]`, name, "must be one of the roles")],
    ),
  );
  const contents = roles.flatMap((role) =>
    role.kinds.flatMap(({ kind = "", permissionSet, verbs }, index) => {
      const field = `spec.roles[${JSON.stringify(role.name)}].kinds[${index}]`;
      const isOne = (permissionSet === undefined) !== (verbs === undefined);
      return [
        ...(isOne ? [] : [invalidValue(field, kind, "must have either a permissionSet or verbs")]),
        ...(typeof kind === "string" && kinds.has(kind) ? [] : [invalidValue(`${field}.kind`, kind, "must be a kind of this manifest")]),
      ];
    }),
  );
  return [...bindings, ...contents];
}
