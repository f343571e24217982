import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { objectMetaSchema } from "../schema/object-meta-schema.js";
import { metaComponent, schemaRef } from "./component-name.js";

const text = (description: string): JsonObject => ({ type: "string", description });
const flag = (description: string): JsonObject => ({ type: "boolean", description });
const whole = (description: string): JsonObject => ({ type: "integer", format: "int64", description });
const texts = (description: string): JsonObject => ({ type: "array", description, items: { type: "string", default: "" } });
const reference = (kind: string, description: string): JsonObject => ({ description, allOf: [schemaRef(metaComponent(kind))] });
const kindFields: JsonObject = { apiVersion: text("Group and version of this representation."), kind: text("The kind of the object.") };

/** A StructuralSchema is already JSON; what is no JSON in an extension is dropped by the round trip. */
export function plainSchema(schema: object): JsonObject {
  const plain: unknown = JSON.parse(JSON.stringify(schema));
  return isJsonObject(plain) ? plain : {};
}

/** ObjectMeta with its named parts as components of their own, as clients know them. */
function objectMeta(): JsonObject {
  const { managedFields, ownerReferences, ...others } = propertiesOf(plainSchema(objectMetaSchema));
  const list = (value: JsonValue | undefined, kind: string): JsonObject => ({
    ...(isJsonObject(value) ? value : {}),
    items: schemaRef(metaComponent(kind)),
  });
  return {
    ...plainSchema(objectMetaSchema),
    properties: {
      ...others,
      ownerReferences: list(ownerReferences, "OwnerReference"),
      managedFields: list(managedFields, "ManagedFieldsEntry"),
    },
  };
}

function propertiesOf(schema: JsonObject): JsonObject {
  const properties = schema["properties"];
  return isJsonObject(properties) ? properties : {};
}

function itemOf(field: string): JsonObject {
  const list = propertiesOf(plainSchema(objectMetaSchema))[field];
  const items = isJsonObject(list) ? list["items"] : undefined;
  return isJsonObject(items) ? items : {};
}

/** Whose fields are a schema of their own, as clients know it. */
function managedFieldsEntry(): JsonObject {
  const entry = itemOf("managedFields");
  return { ...entry, properties: { ...propertiesOf(entry), fieldsV1: reference("FieldsV1", "The set of fields, as a tree.") } };
}

const listMeta: JsonObject = {
  type: "object",
  description: "What every list has: the state it shows and how to go on.",
  properties: {
    continue: text("Set when there is more: send it with the next request to get the following page of the same state."),
    remainingItemCount: whole("How many objects follow this page; absent when it is not known."),
    resourceVersion: text("The state that the list shows: a watch may start from it."),
    selfLink: text("No longer set."),
  },
};

const statusCause: JsonObject = {
  type: "object",
  description: "One thing that was wrong.",
  properties: {
    field: text("The field at fault, such as spec.services[0].type."),
    message: text("What is wrong, for people."),
    reason: text("What is wrong, for programs."),
  },
};

const statusDetails: JsonObject = {
  type: "object",
  description: "What a failure is about.",
  properties: {
    causes: {
      type: "array",
      description: "Each thing that was wrong.",
      items: schemaRef(metaComponent("StatusCause")),
      "x-kubernetes-list-type": "atomic",
    },
    group: text("Group of the object."),
    kind: text("Kind or resource of the object."),
    name: text("Name of the object."),
    retryAfterSeconds: { type: "integer", format: "int32", description: "When to try again." },
    uid: text("UID of the object."),
  },
};

const status: JsonObject = {
  type: "object",
  description: "The outcome of a call that returns no object.",
  properties: {
    ...kindFields,
    code: { type: "integer", format: "int32", description: "The HTTP status code." },
    details: { ...reference("StatusDetails", "What the failure is about."), "x-kubernetes-list-type": "atomic" },
    message: text("What happened, for people."),
    metadata: reference("ListMeta", "Seldom filled."),
    reason: text("Why, for programs."),
    status: text("Success or Failure."),
  },
};

const deleteOptions: JsonObject = {
  type: "object",
  description: "How to delete.",
  properties: {
    ...kindFields,
    dryRun: { ...texts("All: check everything, change nothing."), "x-kubernetes-list-type": "atomic" },
    gracePeriodSeconds: whole("Seconds the object is given to end in good order; 0 deletes it at once."),
    ignoreStoreReadErrorWithClusterBreakingPotential: flag("Deletes an object that cannot be read. Not supported."),
    orphanDependents: flag("Replaced by propagationPolicy."),
    preconditions: reference("Preconditions", "What must hold for the deletion to happen."),
    propagationPolicy: text("What becomes of objects that this one owns: Orphan, Background or Foreground."),
  },
};

const preconditions: JsonObject = {
  type: "object",
  description: "What must hold of the stored object.",
  properties: { resourceVersion: text("Its resourceVersion."), uid: text("Its uid.") },
};

const watchEvent: JsonObject = {
  type: "object",
  description: "One change, as a watch sends it.",
  required: ["type", "object"],
  properties: {
    object: {
      type: "object",
      description: "The object after the change; a Status when the type is ERROR.",
      "x-kubernetes-preserve-unknown-fields": true,
    },
    type: text("ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."),
  },
};

const kindOf = (kind: string): JsonObject => ({ "x-kubernetes-group-version-kind": [{ group: "", version: "v1", kind }] });

/** Schemas of meta/v1 that the operations of every resource refer to. */
export const metaSchemas: JsonObject = {
  [metaComponent("ObjectMeta")]: objectMeta(),
  [metaComponent("ListMeta")]: listMeta,
  [metaComponent("OwnerReference")]: { ...itemOf("ownerReferences"), required: ["apiVersion", "kind", "name", "uid"] },
  [metaComponent("ManagedFieldsEntry")]: managedFieldsEntry(),
  [metaComponent("FieldsV1")]: { type: "object", description: "A set of fields: a tree whose keys are steps of their paths." },
  [metaComponent("Status")]: { ...status, ...kindOf("Status") },
  [metaComponent("StatusDetails")]: statusDetails,
  [metaComponent("StatusCause")]: statusCause,
  [metaComponent("DeleteOptions")]: { ...deleteOptions, ...kindOf("DeleteOptions") },
  [metaComponent("Preconditions")]: preconditions,
  [metaComponent("Patch")]: { type: "object", description: "A patch, in the form that the request's Content-Type names." },
  [metaComponent("WatchEvent")]: { ...watchEvent, ...kindOf("WatchEvent") },
};
