/** One segment of a pattern: a literal, a named parameter, or the rest of the path. */
export type PatternSegment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "parameter"; readonly name: string }
  | { readonly kind: "rest" };

/** A path as routes declare it: segments, `{name}` for exactly one of any kind, a trailing `*` for one or more. */
export type PathPattern = readonly PatternSegment[];

/** The pattern, or the words that say what is wrong with it. A leading slash is allowed. */
export function parsePathPattern(path: string): PathPattern | string {
  const texts = path.replace(/^\//, "").split("/");
  const segments: PatternSegment[] = [];
  for (const [index, text] of texts.entries()) {
    const segment = parseSegment(text, index === texts.length - 1);
    if (typeof segment === "string") return segment;
    segments.push(segment);
  }
  const names = segments.flatMap((it) => (it.kind === "parameter" ? [it.name] : []));
  return new Set(names).size === names.length ? segments : "names each parameter once";
}

function parseSegment(text: string, last: boolean): PatternSegment | string {
  if (text === "" || text === "." || text === "..") return "must have no empty, '.' or '..' segment";
  if (text === "*") return last ? { kind: "rest" } : "may have '*' as its last segment only";
  const name = /^\{([A-Za-z_]\w*)\}$/.exec(text)?.[1];
  if (name !== undefined) return { kind: "parameter", name };
  return /^[\w.~!$&'()+,;=:@-]+$/.test(text) ? { kind: "literal", text } : `has a segment that is no path segment: ${JSON.stringify(text)}`;
}

/** The parameters (the rest under `*`, joined by "/") when `segments`, decoded, match. */
export function matchPath(pattern: PathPattern, segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  const parameters = new Map<string, string>();
  for (const [index, expected] of pattern.entries()) {
    const actual = segments[index];
    if (actual === undefined) return undefined;
    if (expected.kind === "rest") {
      parameters.set("*", segments.slice(index).join("/"));
      return Object.fromEntries(parameters);
    }
    if (expected.kind === "parameter") parameters.set(expected.name, actual);
    else if (expected.text !== actual) return undefined;
  }
  return segments.length === pattern.length ? Object.fromEntries(parameters) : undefined;
}
