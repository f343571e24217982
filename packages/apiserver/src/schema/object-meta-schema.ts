import type { StructuralSchema } from "./structural-schema.js";

const text = (description: string): StructuralSchema => ({ type: "string", description });
const time = (description: string): StructuralSchema => ({ type: "string", format: "date-time", description });
const wholeNumber = (description: string): StructuralSchema => ({ type: "integer", format: "int64", description });
const texts = (description: string): StructuralSchema => ({ type: "object", additionalProperties: { type: "string" }, description });

const ownerReference: StructuralSchema = {
  type: "object",
  description: "Another object, in the same namespace or cluster-scoped, that this one belongs to.",
  properties: {
    apiVersion: text("Group and version of the owner."),
    kind: text("Kind of the owner."),
    name: text("Name of the owner."),
    uid: text("UID of the owner: another object of the same name is not the owner."),
    controller: { type: "boolean", description: "Whether the owner is the one that manages this object." },
    blockOwnerDeletion: { type: "boolean", description: "Whether a foreground deletion of the owner waits for this object." },
  },
  "x-kubernetes-map-type": "atomic",
};

const managedFieldsEntry: StructuralSchema = {
  type: "object",
  description: "The fields that one manager set last.",
  properties: {
    manager: text("Who: the fieldManager of the request."),
    operation: text("Apply for server-side apply, Update for everything else."),
    apiVersion: text("The version in which the fields are named."),
    time: time("When the entry last changed."),
    fieldsType: text("The format of fieldsV1: always FieldsV1."),
    fieldsV1: { type: "object", description: "The set of fields, as a tree.", "x-kubernetes-preserve-unknown-fields": true },
    subresource: text("The subresource through which the fields were set; absent for the object itself."),
  },
};

/** `metadata` of every object (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/). */
export const objectMetaSchema: StructuralSchema = {
  type: "object",
  description: "What every object has: its name, identity, labels and bookkeeping.",
  properties: {
    name: text("Unique among objects of the kind in the namespace; never changes."),
    generateName: text("A prefix: when no name is given the server adds a random suffix to it."),
    namespace: text("The namespace of the object; absent when its kind is cluster-scoped. Never changes."),
    selfLink: text("No longer set."),
    uid: text("Unique over space and time; set by the server."),
    resourceVersion: text("An opaque mark of this state of the object, for watches and for writes that must not lose an update."),
    generation: wholeNumber("Grows with each change of the desired state; set by the server."),
    creationTimestamp: time("CreationTimestamp is a timestamp of when the object was made; set by the server."),
    deletionTimestamp: time("When a graceful deletion was asked for; set by the server."),
    deletionGracePeriodSeconds: wholeNumber("Seconds the object was given to end in good order."),
    labels: texts("Short texts to find and group objects by."),
    annotations: texts("Texts for tools; never searched by."),
    finalizers: {
      type: "array",
      description: "Names of those that must clean up before the object goes; it goes when the list is empty.",
      items: { type: "string" },
      "x-kubernetes-list-type": "set",
      "x-kubernetes-patch-strategy": "merge",
    },
    ownerReferences: {
      type: "array",
      description: "Whom the object belongs to: it is deleted when all of them are gone.",
      items: ownerReference,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
      "x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "uid",
    },
    managedFields: {
      type: "array",
      description: "Who set which field: the memory of server-side apply.",
      items: managedFieldsEntry,
      "x-kubernetes-list-type": "atomic",
    },
  },
};

const cache = new WeakMap<StructuralSchema, StructuralSchema>();

/** A definition's schema with apiVersion, kind and metadata added: what a whole object is pruned, merged and published by. */
export function wholeObjectSchema(schema: StructuralSchema): StructuralSchema {
  const known = cache.get(schema);
  if (known !== undefined) return known;
  const whole: StructuralSchema = {
    ...schema,
    type: "object",
    properties: {
      apiVersion: text("Group and version of this representation of the object."),
      kind: text("The kind of the object."),
      ...schema.properties,
      // Whatever the definition says of it: a schema of a name must not drop labels.
      metadata: objectMetaSchema,
    },
  };
  cache.set(schema, whole);
  return whole;
}
