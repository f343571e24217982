import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

export type ObjectLabels = Readonly<Record<string, string>>;

type Requirement = (labels: ObjectLabels) => boolean;

/** `metav1.LabelSelector`, of which validation has let pass only what can be read. Undefined when it selects everything. */
export function labelPredicate(selector: JsonValue | undefined): Requirement | undefined {
  const { matchLabels, matchExpressions } = isJsonObject(selector) ? selector : {};
  const requirements = [
    ...Object.entries(isJsonObject(matchLabels) ? matchLabels : {}).map(([key, value]) => labelRequirement(key, new Set([value]))),
    ...(Array.isArray(matchExpressions) ? (matchExpressions as readonly JsonValue[]) : []).map(expressionRequirement),
  ];
  return requirements.length === 0 ? undefined : (labels) => requirements.every((it) => it(labels));
}

const labelRequirement =
  (key: string, values: ReadonlySet<JsonValue>): Requirement =>
  (labels) =>
    isAmong(values, valueOf(labels, key));

function expressionRequirement(expression: JsonValue): Requirement {
  const { key, operator, values }: JsonObject = isJsonObject(expression) ? expression : {};
  const name = typeof key === "string" ? key : "";
  const known = new Set(Array.isArray(values) ? (values as readonly JsonValue[]) : []);
  switch (typeof operator === "string" ? operator : "") {
    case "In":
      return labelRequirement(name, known);
    case "NotIn":
      return (labels) => !isAmong(known, valueOf(labels, name));
    case "Exists":
      return (labels) => valueOf(labels, name) !== undefined;
    case "DoesNotExist":
      return (labels) => valueOf(labels, name) === undefined;
    default:
      return () => false;
  }
}

const valueOf = (labels: ObjectLabels, key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
const isAmong = (values: ReadonlySet<JsonValue>, value: string | undefined): boolean => value !== undefined && values.has(value);

/** `metadata.labels`; none for an object that is not there. */
export function labelsOf(object: JsonObject | undefined): ObjectLabels {
  const metadata = object?.["metadata"];
  const labels = isJsonObject(metadata) ? metadata["labels"] : undefined;
  if (!isJsonObject(labels)) return {};
  return Object.fromEntries(Object.entries(labels).flatMap(([key, value]): [string, string][] => (typeof value === "string" ? [[key, value]] : [])));
}
