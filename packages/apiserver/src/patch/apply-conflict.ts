import { ApiError, type Cause } from "@dataplane/meta";
import { type FieldSet, membersOf, pathText } from "./field-set.js";
import type { Manager } from "./managers.js";

/** Fields that an applier would take from another manager. */
export interface Conflict {
  readonly owner: Manager;
  readonly fields: FieldSet;
}

/** 409 Conflict that names each field and its owner, in the API server's words: kubectl shows them. */
export function applyConflict(conflicts: readonly Conflict[]): ApiError {
  const sorted = conflicts.toSorted((a, b) => (ownerText(a.owner) < ownerText(b.owner) ? -1 : 1));
  const found = sorted.map(({ owner, fields }) => ({ owner: ownerText(owner), paths: membersOf(fields).map(pathText) }));
  const causes: readonly Cause[] = found.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${owner}`, field })),
  );
  return new ApiError("Conflict", messageOf(found, causes.length), { details: { causes } });
}

function messageOf(found: readonly { readonly owner: string; readonly paths: readonly string[] }[], count: number): string {
  if (count === 1) return found.map(({ owner, paths }) => `Apply failed with 1 conflict: conflict with ${owner}: ${paths.join("")}`).join("");
  const lines = found.flatMap(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)]);
  return `Apply failed with ${count} conflicts: ${lines.join("\n")}`;
}

function ownerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager) + (subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}
