import type { Cause } from "@dataplane/meta";
import { RE2JS } from "re2js";
import { type Escape, placesFor, quoteOf } from "./escapes.js";
import type { NamedQuery, QueryParameter } from "./named-query.js";
import { valueProblem } from "./parameter-values.js";
import type { PlaceLookup } from "./quoted-places.js";
import { type Use, usesOf } from "./substitute.js";

/** What the schema cannot say of a named query. */
export function namedQueryCauses({ queries, parameters }: NamedQuery, now: Date): readonly Cause[] {
  const byName = new Map(parameters.map((it) => [it.name, it]));
  const texts = new ReadTexts();
  return [
    ...parameters.flatMap((parameter, index) => parameterCauses(parameter, `spec.parameters[${index}]`, now)),
    ...usesOf([...queries]).flatMap((use) => useCauses(use, { byName, texts })),
    ...refIdCauses(queries.map(({ refId }) => refId)),
  ];
}

/** Parameters that go nowhere, for a warning. */
export function unusedParameters({ queries, parameters }: NamedQuery): readonly string[] {
  const used = new Set(usesOf([...queries]).map(({ name }) => name));
  return parameters.filter(({ name }) => !used.has(name)).map(({ name }) => `spec.parameters: ${name} is used by no query`);
}

const cause = (field: string, message: string): Cause => ({ reason: "FieldValueInvalid", field, message: `Invalid value: ${message}` });

function parameterCauses(parameter: QueryParameter, field: string, now: Date): readonly Cause[] {
  const { pattern, minimum, maximum } = parameter;
  if (pattern !== undefined && !isPattern(pattern)) return [cause(`${field}.pattern`, "must be a regular expression in RE2's syntax")];
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) return [cause(`${field}.maximum`, "must not be less than the minimum")];
  const wrong = parameter.default === undefined ? undefined : valueProblem(parameter, parameter.default, now);
  return wrong === undefined ? [] : [cause(`${field}.default`, wrong)];
}

/** Each text is read once in each language, however many placeholders are in it. */
class ReadTexts {
  readonly #places = new Map<Escape, Map<string, PlaceLookup>>();

  placesOf(escape: Escape, text: string): PlaceLookup {
    const known = this.#places.get(escape) ?? new Map<string, PlaceLookup>();
    const places = known.get(text) ?? placesFor(escape, text);
    this.#places.set(escape, known.set(text, places));
    return places;
  }
}

interface Declared {
  readonly byName: ReadonlyMap<string, QueryParameter>;
  readonly texts: ReadTexts;
}

/** Without a way to write it, a free text inside another could be anything. */
function useCauses({ name, field, inside }: Use, { byName, texts }: Declared): readonly Cause[] {
  const place = `spec.queries${field}`;
  const parameter = byName.get(name);
  if (parameter === undefined) return [cause(place, `there is no parameter ${JSON.stringify(name)}`)];
  const isFree = parameter.type === "string" && parameter.enum === undefined;
  if (inside === undefined || !isFree) return [];
  const { escape } = parameter;
  if (escape === undefined)
    return [cause(place, `parameter ${JSON.stringify(name)} is put inside a text: it needs escape, or a list of allowed values`)];
  const wanted = quoteOf(escape);
  const found = texts.placesOf(escape, inside.text)(inside.index);
  if (found === wanted) return [];
  const why = typeof found === "object" ? `; whether it does is not certain: ${found.doubt}` : "";
  return [cause(place, `parameter ${JSON.stringify(name)} has the escape ${escape}, and must stand inside ${wanted} quotes${why}`)];
}

function refIdCauses(refIds: readonly unknown[]): readonly Cause[] {
  const names = refIds.map((it) => (typeof it === "string" && it !== "" ? it : "A"));
  return names.flatMap((name, index) =>
    names.indexOf(name) === index ? [] : [cause(`spec.queries[${index}].refId`, `${JSON.stringify(name)} is another query's`)],
  );
}

function isPattern(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
