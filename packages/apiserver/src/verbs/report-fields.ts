import { type ApiError, badRequest, invalid, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { DuplicateKey } from "../scan-json.js";
import { invalidValue } from "../schema/field-errors.js";
import { fieldPath, itemPath } from "../schema/field-path.js";
import type { Proposal } from "./admit.js";
import { type VerbCall, warn } from "./verb-call.js";
import type { WriteOptions } from "./write-options.js";

/** What a strict reader would not have taken. */
export interface DoubtfulFields {
  /** What was read, with its unknown fields still in it. */
  readonly body: JsonObject;
  /** Paths of fields that the schema does not know. */
  readonly unknown: readonly string[];
  readonly duplicates: readonly DuplicateKey[];
  /** How the client wrote; a body unless told. */
  readonly request?: Proposal["request"];
  /** What is wrong with the operations of a JSON patch, in words. */
  readonly patchProblems?: readonly string[];
}

/** Unknown and duplicate fields: refused, told in warnings, or passed over, in the order and the words of kube-apiserver. */
export function reportFields(call: VerbCall, { fieldValidation }: Pick<WriteOptions, "fieldValidation">, found: DoubtfulFields): void {
  const { unknown, duplicates, patchProblems = [] } = found;
  if (fieldValidation === "Ignore" || unknown.length + duplicates.length + patchProblems.length === 0) return;
  if (fieldValidation === "Warn") warn(call, problemsOf(call, found));
  else throw strictError(call, found);
}

const unknownText = (path: string): string => `unknown field ${JSON.stringify(path)}`;
const lineText = ({ line, key }: DuplicateKey): string => `line ${line}: key ${JSON.stringify(key)} already set in map`;
const duplicateText = (it: DuplicateKey): string => (it.isYaml ? lineText(it) : `duplicate field ${JSON.stringify(it.path)}`);

function problemsOf(call: VerbCall, found: DoubtfulFields): readonly string[] {
  const { unknown, duplicates, request = "create", patchProblems = [] } = found;
  if (request === "apply") return [...duplicates.map(lineText), ...sorted(unknown).map(unknownText)];
  const isTyped = call.resource.definition.strategicMerge === true;
  const isRead = request === "create" || request === "replace";
  if (isTyped && isRead && !duplicates.some(({ isYaml }) => isYaml)) return inDocumentOrder(found);
  return [...patchProblems, ...duplicates.map(duplicateText), ...sorted(unknown).map(unknownText)];
}

/** As objects are walked with sorted keys; metadata of embedded objects is read last. */
function sorted(paths: readonly string[]): readonly string[] {
  const isEmbedded = (path: string): boolean => path.indexOf(".metadata.") > 0;
  return paths.toSorted((a, b) => Number(isEmbedded(a)) - Number(isEmbedded(b)) || (a < b ? -1 : 1));
}

/** A field that is unknown is not told to be there twice. */
function inDocumentOrder({ body, unknown, duplicates }: DoubtfulFields): readonly string[] {
  const strange = new Set(unknown);
  const repeated = new Set(duplicates.map(({ path }) => path));
  if (repeated.size === 0) return unknown.map(unknownText);
  const texts = (path: string): readonly string[] =>
    strange.has(path) ? [unknownText(path)] : repeated.has(path) ? [`duplicate field ${JSON.stringify(path)}`] : [];
  return [...pathsIn(body, "")].flatMap(texts);
}

function* pathsIn(value: JsonValue, path: string): Iterable<string> {
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly JsonValue[]).entries()) yield* pathsIn(item, itemPath(path, index));
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, field] of Object.entries(value)) {
    const at = fieldPath(path, key);
    yield at;
    yield* pathsIn(field, at);
  }
}

function strictError(call: VerbCall, found: DoubtfulFields): ApiError {
  const { kind, version } = call.resource.definition;
  const { duplicates, unknown, request, body } = found;
  const lines = (repeated: readonly DuplicateKey[]): string => ["yaml: unmarshal errors:", ...repeated.map((it) => `  ${lineText(it)}`)].join("\n");
  if (request === "apply") return badRequest(`error strict decoding patch: error converting YAML to JSON: ${lines(duplicates)}`);
  const isYaml = duplicates.some((it) => it.isYaml);
  const problems = isYaml ? [lines(duplicates), ...sorted(unknown).map(unknownText)] : problemsOf(call, found);
  const text = `strict decoding error: ${problems.join(", ")}`;
  if (request === "patch") return invalid("", "", "", [invalidValue("patch", JSON.stringify(body), text)]);
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${text}`);
}
