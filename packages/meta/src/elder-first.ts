import type { ApiObject } from "./object.js";

/** Orders objects by age, those of one second by name: of several that want what one may have, the first has it. */
export function elderFirst(a: ApiObject, b: ApiObject): number {
  const [left, right] = [ageKey(a), ageKey(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const ageKey = ({ metadata }: ApiObject): string => `${metadata.creationTimestamp ?? "9999"} ${metadata.name}`;
