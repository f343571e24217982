import { createHash } from "node:crypto";
import type { ResourceDefinition } from "../resource.js";

/** As kube-apiserver makes it, of group, storage version and kind; undefined of questions, which are not stored. */
export function storageVersionHash({ group, version, kind, versioned, review }: ResourceDefinition): string | undefined {
  if (review !== undefined) return undefined;
  const stored = `${group}/${versioned?.storageVersion ?? version}/${kind}`;
  return createHash("sha256").update(stored).digest().subarray(0, 8).toString("base64");
}
