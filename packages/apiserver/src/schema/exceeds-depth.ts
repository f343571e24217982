import type { JsonValue } from "@dataplane/meta";

/** Whether a value is nested deeper than `levels`; a loop, so that no nesting overflows the stack. */
export function exceedsDepth(value: JsonValue, levels: number): boolean {
  let layer: readonly JsonValue[] = [value];
  for (let depth = 0; depth <= levels; depth++) {
    layer = layer.flatMap((it) => (typeof it === "object" && it !== null ? (Object.values(it) as readonly JsonValue[]) : []));
    if (layer.length === 0) return false;
  }
  return true;
}
