/** Fields of any object whose values differ from run to run. */
const varying: Readonly<Record<string, string>> = {
  uid: "<uid>",
  resourceVersion: "<rv>",
  creationTimestamp: "<time>",
  deletionTimestamp: "<time>",
  time: "<time>",
  lastTransitionTime: "<time>",
  continue: "<continue>",
};

const patterns: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>"],
  [/(?<=resourceVersion|ResourceVersion in (?:precondition|object meta): |resource version: |current: )\d+/g, "<rv>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<time>"],
];

/** An answer without what differs from run to run; keys in order, so that their order does not count. */
export function normalized(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return key === "managedFields" ? value.map((it) => normalized(it)).toSorted(byText) : value.map((it) => normalized(it));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([name, member]) => [name, normalized(member, name)]));
  }
  if (typeof value !== "string" || value === "") return value;
  const mark = Object.hasOwn(varying, key) ? varying[key] : undefined;
  return mark ?? patterns.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), value);
}

/** Entries of managedFields that were written in one second have no order of their own. */
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
