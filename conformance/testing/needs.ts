import { describe } from "vitest";
import { hasKubectl, type KubectlVersion } from "./kubectl.js";
import { hasPrometheus } from "./prometheus.js";

/** Something of the machine's that a suite cannot do without. */
export interface Need {
  readonly name: string;
  isThere(): boolean;
}

export const needsPrometheus: Need = { name: "Debian's package prometheus", isThere: hasPrometheus };

export const needsKubectl = (version: KubectlVersion): Need => ({
  name: `kubectl ${version} (conformance/build-tools.sh builds it)`,
  isThere: () => hasKubectl(version),
});

/** A suite that is skipped where something is missing; its name then says what. */
export function describeWith(needs: readonly Need[], name: string, suite: () => void): void {
  const missing = needs.filter((need) => !need.isThere()).map((need) => need.name);
  describe.skipIf(missing.length > 0)(missing.length === 0 ? name : `${name} (needs ${missing.join(", ")})`, suite);
}
