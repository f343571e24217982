/** One segment of a pattern: a literal, a named parameter, or the rest of the path. */
type PatternSegment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "parameter"; readonly name: string }
  | { readonly kind: "rest" };

/** A path as routes declare it: segments, `{name}` for exactly one of any kind, a trailing `*` for one or more. */
export type PathPattern = readonly PatternSegment[];

/** The pattern, and what is wrong with it in words: it is then not to be used. A leading slash is allowed. */
export function parsePathPattern(path: string): { readonly pattern: PathPattern; readonly problem: string | undefined } {
  const texts = path.replace(/^\//, "").split("/");
  const pattern = texts.map(segmentOf);
  const names = pattern.flatMap((it) => (it.kind === "parameter" ? [it.name] : []));
  const problem = texts.map((text, index) => segmentProblem(text, index === texts.length - 1)).find((it) => it !== undefined);
  return { pattern, problem: problem ?? (new Set(names).size === names.length ? undefined : "must name each parameter once") };
}

const nameIn = (text: string): string | undefined => /^\{([A-Za-z_]\w*)\}$/.exec(text)?.[1];

function segmentOf(text: string): PatternSegment {
  if (text === "*") return { kind: "rest" };
  const name = nameIn(text);
  return name === undefined ? { kind: "literal", text } : { kind: "parameter", name };
}

function segmentProblem(text: string, last: boolean): string | undefined {
  if (text === "" || text === "." || text === "..") return "must have no empty, '.' or '..' segment";
  if (text === "*") return last ? undefined : "may have '*' as its last segment only";
  if (nameIn(text) !== undefined || /^[\w.~!$&'()+,;=:@-]+$/.test(text)) return undefined;
  return `has a segment that is no path segment: ${JSON.stringify(text)}`;
}

/** The parameters (the rest under `*`, joined by "/") when `segments`, decoded, match. */
export function matchPath(pattern: PathPattern, segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (!fits(pattern, segments)) return undefined;
  // Names are of letters, digits and `_`: of those that mean something to an object, only this one would be no property.
  const parameters: Record<string, string> = {};
  for (let index = 0; index < pattern.length; index += 1) {
    const expected = pattern[index];
    if (expected?.kind === "parameter") define(parameters, expected.name, segments[index] ?? "");
    else if (expected?.kind === "rest") parameters["*"] = segments.slice(index).join("/");
  }
  return parameters;
}

/** Most patterns that are tried do not fit: that is found out before anything is made. */
function fits(pattern: PathPattern, segments: readonly string[]): boolean {
  const hasRest = pattern.at(-1)?.kind === "rest";
  if (hasRest ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  for (let index = 0; index < pattern.length; index += 1) {
    const expected = pattern[index];
    if (expected?.kind === "literal" && expected.text !== segments[index]) return false;
  }
  return true;
}

function define(parameters: Record<string, string>, name: string, value: string): void {
  if (name === "__proto__") Object.defineProperty(parameters, name, { value, enumerable: true, configurable: true, writable: true });
  else parameters[name] = value;
}

/**
 * Orders patterns as they are tried: the longest literal prefix first; then the one that is literal where the other is not, a parameter
 * before the rest.
 */
export function moreSpecific(a: PathPattern, b: PathPattern): number {
  const byPrefix = literalPrefix(b) - literalPrefix(a);
  if (byPrefix !== 0) return byPrefix;
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = looseness(a[index]) - looseness(b[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function literalPrefix(pattern: PathPattern): number {
  // The first two segments are namespaces/{namespace} in each that has them.
  const start = isNamespaced(pattern) ? 2 : 0;
  const first = pattern.slice(start).findIndex(({ kind }) => kind !== "literal");
  return first === -1 ? pattern.length : start + first;
}

const isNamespaced = ([first, second]: PathPattern): boolean =>
  first?.kind === "literal" && first.text === "namespaces" && second?.kind === "parameter" && second.name === "namespace";

const looseness = (segment: PatternSegment | undefined): number =>
  segment === undefined ? 0 : segment.kind === "literal" ? 1 : segment.kind === "parameter" ? 2 : 3;
