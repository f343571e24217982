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
  [/(?<=in the precondition \()\d+|(?<=in record \()\d+/g, "<rv>"],
  [/(?<=UPPER-)[a-z0-9]{5}/g, "<random>"],
  [/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/g, "<certificate>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<time>"],
];

/** Lists that are in no order of their own: entries written in one second, faults found while a Go map was walked. */
const unordered: ReadonlySet<string> = new Set(["managedFields", "causes"]);

/** An answer without what differs from run to run; keys in order, so that their order does not count. */
export function normalized(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((it) => normalized(it));
    return unordered.has(key) ? items.toSorted(byText) : items;
  }
  if (typeof value === "object" && value !== null) {
    if (isOfController(value)) return { metadata: { name: value.metadata.name } };
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return withSortedFaults(Object.fromEntries(entries.map(([name, member]) => [name, normalized(member, name)])));
  }
  if (typeof value !== "string" || value === "") return value;
  const mark = Object.hasOwn(varying, key) ? varying[key] : undefined;
  return mark ?? patterns.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), value);
}

/** Made by a controller of each server, in its own words. */
const isOfController = (value: object): value is { readonly metadata: { readonly name: string } } => {
  const { metadata } = value as { readonly metadata?: { readonly name?: unknown } };
  return metadata?.name === "kube-root-ca.crt";
};

/** The message of a refusal lists the causes too. */
function withSortedFaults(status: Record<string, unknown>): Record<string, unknown> {
  const { message, details } = status as { readonly message?: unknown; readonly details?: { readonly causes?: readonly Fault[] } };
  const causes = details?.causes ?? [];
  if (typeof message !== "string" || causes.length < 2) return status;
  const start = message.indexOf(" is invalid: [");
  const conflicts = /^Apply failed with \d+ conflicts: /.exec(message);
  if (start < 0 && conflicts === null) return status;
  const head = conflicts === null ? message.slice(0, start) : conflicts[0];
  return { ...status, message: `${head} [${causes.map(({ field, message: text }) => `${field ?? ""}: ${text ?? ""}`).join(", ")}]` };
}

interface Fault {
  readonly field?: string;
  readonly message?: string;
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
