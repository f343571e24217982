import {
  type ApiObject,
  badRequest,
  type FieldRequirement,
  isJsonObject,
  type LabelSelector,
  parseFieldSelector,
  parseLabelSelector,
} from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import { convertStored, isWaiting } from "../conversion/convert-stored.js";
import { keyOf, keyPrefixOf, type ServedResource } from "../define-resource.js";
import type { VerbCall } from "./verb-call.js";

/** Which objects a list, a watch or a deletion of many means. */
export interface Selection {
  /** All selected keys begin with this. */
  readonly prefix: string;
  /** Set when one name is asked for: the only key. */
  readonly key: string | undefined;
  /** True when selectors ask for more than the key says. */
  readonly isFiltered: boolean;
  /** True when the kind has a converter, which values may have to wait for. */
  readonly converts: boolean;
  matches(stored: StoredValue): boolean;
  /** Must be done before values are matched or shown where `isWaiting` says so: their kind has a converter. Throws as `convertStored` does. */
  convert(values: readonly StoredValue[]): Promise<void>;
  isWaiting(values: readonly StoredValue[]): boolean;
}

/** Reads `labelSelector` and `fieldSelector`. Throws BadRequest for fields that the resource cannot be selected by. */
export function selectionOf({ resource, info, request: { query, signal } }: VerbCall): Selection {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "");
  requireSelectable(resource, fields);
  const name = fields.find(({ path, equal }) => path === "metadata.name" && equal)?.value;
  const isOneKey = name !== undefined && (resource.definition.scope === "cluster" || info.namespace !== "");
  return {
    prefix: keyPrefixOf(resource, info.namespace),
    key: isOneKey ? keyOf(resource, info.namespace, name) : undefined,
    isFiltered: !labels.isEmpty || fields.length > 0,
    converts: resource.definition.versioned?.converter !== undefined,
    matches: (stored) => stored.shownBy(resource).included && selects(resource, stored, labels, fields),
    convert: (values) => convertStored(resource, values, signal),
    isWaiting: (values) => isWaiting(resource, values),
  };
}

/** True when the key may be selected, before its value is looked at. */
export const coversKey = ({ prefix, key }: Selection, candidate: string): boolean =>
  key === undefined ? candidate.startsWith(prefix) : candidate === key;

function selects(resource: ServedResource, stored: StoredValue, labels: LabelSelector, fields: readonly FieldRequirement[]): boolean {
  if (!labels.isEmpty && !labels.matches(labelsOf(resource, stored))) return false;
  if (fields.length === 0) return true;
  const { object } = stored.shownBy(resource);
  const { selectableValues = {} } = resource.definition;
  return fields.every(({ path, equal, value }) => {
    const computed = Object.hasOwn(selectableValues, path) ? selectableValues[path] : undefined;
    return ((computed === undefined ? textAt(object, path) : computed(object)) === value) === equal;
  });
}

/** A converter may give an object other labels. */
const labelsOf = (resource: ServedResource, stored: StoredValue): ApiObject["metadata"]["labels"] =>
  resource.definition.versioned?.converter === undefined ? stored.labels : stored.shownBy(resource).object.metadata.labels;

function requireSelectable({ definition, hasProtobuf }: ServedResource, fields: readonly FieldRequirement[]): void {
  const own = [...(definition.selectableFields ?? []), ...Object.keys(definition.selectableValues ?? {})];
  // Built-in kinds without fields of their own, as Kubernetes has them: in other words, and with a namespace whatever the scope.
  const isPlain = own.length === 0 && hasProtobuf;
  const known = new Set(["metadata.name", ...(isPlain || definition.scope === "namespaced" ? ["metadata.namespace"] : []), ...own]);
  const unknown = fields.find(({ path }) => !known.has(path))?.path;
  if (unknown === undefined) return;
  const plain = `${JSON.stringify(unknown)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
  throw badRequest(isPlain ? plain : `field label not supported: ${unknown}`);
}

function textAt(object: unknown, path: string): string {
  let value = object;
  for (const key of path.split(".")) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return "";
    value = value[key];
  }
  return typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
