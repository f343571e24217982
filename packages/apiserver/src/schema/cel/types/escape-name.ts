const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(" "),
);

/** Words of CEL: a property so named can be selected by its own name too, where the grammar takes it. */
export const isReserved = (property: string): boolean => reserved.has(property);

const escapes = new Map([
  ["__", "__underscores__"],
  ["-", "__dash__"],
  [".", "__dot__"],
  ["/", "__slash__"],
]);

/**
 * The name by which a rule selects a property; undefined when there is none
 * (https://kubernetes.io/docs/reference/using-api/cel/#escaping).
 */
export function escapeName(property: string): string | undefined {
  if (reserved.has(property)) return `__${property}__`;
  if (property === "" || /^\d/.test(property) || /[^\w\-./]/.test(property)) return undefined;
  return property.replaceAll(/__|[-./]/g, (found) => escapes.get(found) ?? found);
}
