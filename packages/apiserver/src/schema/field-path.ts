/** `spec` and `name` make `spec.name`; a key that is no plain name is bracketed, as in `metadata.labels[a.b/c]`. */
export function fieldPath(parent: string, key: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${parent}[${key}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

/** As the validation of custom resources joins names: with a dot, whatever they are. */
export const childPath = (parent: string, key: string): string => (parent === "" ? key : `${parent}.${key}`);

export const itemPath = (parent: string, index: number | string): string => `${parent}[${index}]`;

/** Objects nested deeper than this are refused: every walk over a value is recursive. */
export const maxDepth = 200;
