import type { Answer, Step } from "./step.js";

/** A difference that is meant, with the reason; undefined for all others. The list may only shrink. */
export function knownDifference(_step: Step, _answers: { readonly theirs: Answer; readonly ours: Answer }): string | undefined {
  return undefined;
}
