import type { JsonObject } from "@dataplane/meta";

const query = (name: string, type: "string" | "integer" | "boolean", description: string): JsonObject => ({
  name,
  in: "query",
  description,
  schema: { type, uniqueItems: true },
});
const path = (name: string, description: string): JsonObject => ({
  name,
  in: "path",
  required: true,
  description,
  schema: { type: "string", uniqueItems: true },
});

export const pretty = query("pretty", "string", "true: the answer is indented.");
export const namespaceParameter = path("namespace", "The namespace of the object.");
export const nameParameter = (kind: string): JsonObject => path("name", `The name of the ${kind}.`);

const dryRun = query("dryRun", "string", "All: check everything, change nothing.");
const fieldManager = query("fieldManager", "string", "Who makes the change, for managedFields.");
// kubectl validates in the client when an operation does not list this one.
const fieldValidation = query(
  "fieldValidation",
  "string",
  "What unknown and repeated fields do: Ignore, Warn (a Warning header) or Strict (an error).",
);
const force = query("force", "boolean", "Server-side apply only: take fields from their owners instead of a conflict.");

const selection: readonly JsonObject[] = [
  query("labelSelector", "string", "Only objects whose labels match."),
  query("fieldSelector", "string", "Only objects whose fields match."),
  query("limit", "integer", "Objects a page; the answer's continue asks for the next."),
  query("continue", "string", "From the page before."),
  query("resourceVersion", "string", "The state to read; how exactly is for resourceVersionMatch to say."),
  query("resourceVersionMatch", "string", "Exact or NotOlderThan."),
  query("timeoutSeconds", "integer", "Ends the list or watch after this time."),
];

export const listParameters: readonly JsonObject[] = [
  ...selection,
  query("watch", "boolean", "Sends changes as they happen instead of a list."),
  query("allowWatchBookmarks", "boolean", "The watch may send BOOKMARK events that only tell how far it is."),
  query("sendInitialEvents", "boolean", "The watch begins with an ADDED event for each object there is, then a BOOKMARK."),
];

const deletion: readonly JsonObject[] = [
  dryRun,
  query("gracePeriodSeconds", "integer", "Seconds the object is given to end in good order."),
  query("orphanDependents", "boolean", "Replaced by propagationPolicy."),
  query("propagationPolicy", "string", "Orphan, Background or Foreground."),
];

export const deleteParameters = deletion;
export const deleteCollectionParameters: readonly JsonObject[] = [...selection, ...deletion];
export const writeParameters: readonly JsonObject[] = [dryRun, fieldManager, fieldValidation];
export const patchParameters: readonly JsonObject[] = [...writeParameters, force];
