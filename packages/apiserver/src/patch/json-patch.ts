import { ApiError, badRequest, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { exceedsDepth } from "../schema/exceeds-depth.js";
import { maxDepth } from "../schema/field-path.js";
import { jsonEqual, ownField } from "./json-equal.js";
import { arrayIndex, parsePointer } from "./json-pointer.js";

/** As the API server: a patch of more operations is 413. */
const maxOperations = 10_000;

/** What copies may add to the document, in characters of JSON, so that a small patch cannot make a huge object. */
const maxCopied = 3 * 1024 * 1024;

/**
 * The document with a JSON patch applied (RFC 6902). A patch that is no patch is 400; one that does not fit the
 * document (a path that is not there, a `test` that fails) is 422.
 */
export function applyJsonPatch(document: JsonValue, operations: JsonValue): JsonValue {
  if (!Array.isArray(operations)) throw badRequest("a json patch is an array of operations");
  if (operations.length > maxOperations) {
    throw new ApiError(
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`,
    );
  }
  const budget = { copied: 0 };
  return (operations as readonly JsonValue[]).reduce<JsonValue>(
    (current, operation, index) => applyOperation(current, readOperation(operation, index), budget),
    document,
  );
}

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from: readonly string[] | undefined;
  readonly value: JsonValue | undefined;
  /** For errors. */
  readonly pointer: string;
}

function readOperation(operation: JsonValue, index: number): Operation {
  if (!isJsonObject(operation)) throw badRequest(`json patch: operation ${index} is no object`);
  const [op, path, from, value] = ["op", "path", "from", "value"].map((key) => ownField(operation, key));
  if (typeof op !== "string" || !known.has(op)) throw badRequest(`json patch: operation ${index}: unknown op ${JSON.stringify(op ?? null)}`);
  if (typeof path !== "string") throw badRequest(`json patch: operation ${index} (${op}) has no path`);
  if ((op === "move" || op === "copy") && typeof from !== "string") throw badRequest(`json patch: operation ${index} (${op}) has no from`);
  if (needsValue.has(op) && value === undefined) throw badRequest(`json patch: operation ${index} (${op}) has no value`);
  return { op, path: parsePointer(path), from: typeof from === "string" ? parsePointer(from) : undefined, value, pointer: path };
}

const needsValue: ReadonlySet<string> = new Set(["add", "replace", "test"]);
const known: ReadonlySet<string> = new Set([...needsValue, "remove", "move", "copy"]);

function applyOperation(document: JsonValue, operation: Operation, budget: { copied: number }): JsonValue {
  const { op, path, from = [], value = null } = operation;
  requireDepth(value, operation);
  if (op === "add") return edit(document, operation, path, (parent, token) => insert(parent, token, value, operation), value);
  if (op === "replace") {
    lookUp(document, path, operation);
    return edit(document, operation, path, (parent, token) => put(parent, token, value), value);
  }
  if (op === "remove") return removeAt(document, path, operation);
  if (op === "test") {
    if (!jsonEqual(find(document, path), value)) throw unfit(`testing value ${operation.pointer} failed: test failed`);
    return document;
  }
  const moved = lookUp(document, from, operation);
  requireDepth(moved, operation);
  if (op === "move") return moveTo(document, operation, moved);
  budget.copied += JSON.stringify(moved).length;
  if (budget.copied > maxCopied) throw new ApiError("RequestEntityTooLarge", "json patch: copy operations make the object too large");
  return edit(document, operation, path, (parent, token) => insert(parent, token, moved, operation), moved);
}

/** Every walk over the result is recursive. */
function requireDepth(value: JsonValue, { op, path }: Operation): void {
  if (exceedsDepth(value, maxDepth - path.length)) throw badRequest(`json patch: ${op}: nested deeper than ${maxDepth} levels`);
}

function moveTo(document: JsonValue, operation: Operation, moved: JsonValue): JsonValue {
  const { path, from = [] } = operation;
  if (from.length < path.length && from.every((token, index) => token === path[index]))
    throw unfit(`cannot move a value into itself: ${operation.pointer}`);
  const without = from.length === 0 ? document : removeAt(document, from, operation);
  return edit(without, operation, path, (parent, token) => insert(parent, token, moved, operation), moved);
}

function removeAt(document: JsonValue, path: readonly string[], operation: Operation): JsonValue {
  lookUp(document, path, operation);
  return edit(document, operation, path, (parent, token) => removeFrom(parent, token), null);
}

type Container = readonly JsonValue[] | JsonObject;

/** Copies the way down to the parent of `path` and changes that one; `whole` is the new document when the path is empty. */
function edit(
  value: JsonValue,
  operation: Operation,
  path: readonly string[],
  change: (parent: Container, token: string) => JsonValue,
  whole: JsonValue,
): JsonValue {
  const parents: { readonly container: Container; readonly token: string }[] = [];
  let current: JsonValue | undefined = value;
  for (const token of path) {
    if (typeof current !== "object" || current === null) throw missing(operation);
    parents.push({ container: current, token });
    current = child(current, token);
  }
  const last = parents.pop();
  if (last === undefined) return whole;
  return parents.reduceRight<JsonValue>((changed, { container, token }) => put(container, token, changed), change(last.container, last.token));
}

function find(value: JsonValue, path: readonly string[]): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const token of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = child(current, token);
  }
  return current;
}

function lookUp(value: JsonValue, path: readonly string[], operation: Operation): JsonValue {
  const found = find(value, path);
  if (found === undefined) throw missing(operation);
  return found;
}

function child(container: Container, token: string): JsonValue | undefined {
  if (!isList(container)) return ownField(container, token);
  const index = arrayIndex(token);
  return index === undefined ? undefined : container[index];
}

function put(container: Container, token: string, value: JsonValue): JsonValue {
  if (isList(container)) return container.with(Number(token), value);
  return Object.fromEntries([...Object.entries(container), [token, value]]);
}

function insert(container: Container, token: string, value: JsonValue, operation: Operation): JsonValue {
  if (!isList(container)) return put(container, token, value);
  const index = token === "-" ? container.length : arrayIndex(token);
  if (index === undefined || index > container.length) throw unfit(`add operation does not apply: ${operation.pointer}: invalid array index`);
  return container.toSpliced(index, 0, value);
}

function removeFrom(container: Container, token: string): JsonValue {
  if (isList(container)) return container.toSpliced(Number(token), 1);
  return Object.fromEntries(Object.entries(container).filter(([key]) => key !== token));
}

const isList = (container: Container): container is readonly JsonValue[] => Array.isArray(container);

/** kube-apiserver does not say what does not fit, and its clients show the message as it is; `cause` says it to a log. */
const unfit = (why: string): ApiError =>
  new ApiError("Invalid", "the server rejected our request due to an error in our request", { details: {}, cause: new Error(why) });
const missing = ({ op, pointer }: Operation): ApiError => unfit(`${op} operation does not apply: doc is missing path: ${pointer}`);
