import type { StructuralSchema } from "@dataplane/apiserver";
import { jsonSchemaProps } from "./json-schema-props.js";

const text = (description: string): StructuralSchema => ({ type: "string", description });
const flag = (description: string): StructuralSchema => ({ type: "boolean", description });
const atomic = { "x-kubernetes-list-type": "atomic" } as const;
const texts = (description: string): StructuralSchema => ({ type: "array", description, items: { type: "string" }, ...atomic });

const names = (description: string): StructuralSchema => ({
  type: "object",
  description,
  required: ["plural", "kind"],
  properties: {
    plural: text("The name in URLs: /apis/<group>/<version>/.../<plural>. Lower case."),
    singular: text("For command lines. Lower case; the kind in lower case unless told."),
    shortNames: texts("Short names for command lines. Lower case."),
    kind: text("The kind of one object, in CamelCase."),
    listKind: text("The kind of a list; <kind>List unless told."),
    categories: texts("Groups of resources that this one is listed with, such as all."),
  },
});

const printerColumn: StructuralSchema = {
  type: "object",
  required: ["name", "type", "jsonPath"],
  properties: {
    name: text("The heading."),
    type: text("integer, number, string, boolean or date."),
    format: text("How the value is to be read, such as date-time or int32."),
    description: text("What the column shows."),
    priority: { type: "integer", format: "int32", description: "0 is always shown, more only in wide tables." },
    jsonPath: text("Where in the object the value is, such as .spec.replicas."),
  },
};

const subresources: StructuralSchema = {
  type: "object",
  description: "What is served below an object.",
  properties: {
    status: {
      type: "object",
      description: "Serves /status: it writes status alone, and the object itself all but status.",
      "x-kubernetes-preserve-unknown-fields": true,
    },
    scale: {
      type: "object",
      description: "Serves /scale, an autoscaling/v1 Scale.",
      required: ["specReplicasPath", "statusReplicasPath"],
      properties: {
        specReplicasPath: text("Where the wanted number is, such as .spec.replicas."),
        statusReplicasPath: text("Where the actual number is, such as .status.replicas."),
        labelSelectorPath: text("Where the selector is, as text, below .spec or .status."),
      },
    },
  },
};

const version: StructuralSchema = {
  type: "object",
  required: ["name", "served", "storage"],
  properties: {
    name: text("The name in URLs, such as v1beta1."),
    served: flag("Whether this version can be asked for."),
    storage: flag("Whether objects are stored in this version: true for exactly one."),
    deprecated: flag("Clients are warned when they ask for this version."),
    deprecationWarning: text("The warning in place of the usual one; only of a deprecated version."),
    schema: {
      type: "object",
      description: "What objects look like in this version.",
      properties: { openAPIV3Schema: jsonSchemaProps },
    },
    subresources,
    additionalPrinterColumns: { type: "array", description: "Columns of tables; the age alone unless told.", items: printerColumn, ...atomic },
    selectableFields: {
      type: "array",
      description: "Fields that field selectors may name; at most 8.",
      items: { type: "object", required: ["jsonPath"], properties: { jsonPath: text("The field, such as .spec.color.") } },
      ...atomic,
    },
  },
};

const conversion: StructuralSchema = {
  type: "object",
  description: "How objects get from one version to another.",
  required: ["strategy"],
  properties: {
    strategy: text("None: only apiVersion changes. Webhook: a webhook is asked."),
    webhook: {
      type: "object",
      description: "Whom to ask; only with strategy Webhook.",
      required: ["conversionReviewVersions"],
      properties: {
        clientConfig: {
          type: "object",
          description: "Where the webhook is: url or service.",
          properties: {
            url: text("https://host[:port]/path."),
            caBundle: { type: "string", format: "byte", description: "PEM of the authorities that may sign the webhook's certificate." },
            service: {
              type: "object",
              description: "A service of the cluster.",
              required: ["namespace", "name"],
              properties: {
                namespace: text("Its namespace."),
                name: text("Its name."),
                path: text("The path of the URL."),
                port: { type: "integer", format: "int32", description: "443 unless told.", default: 443 },
              },
            },
          },
        },
        conversionReviewVersions: texts("Versions of ConversionReview that the webhook knows, the best first."),
      },
    },
  },
};

// Nothing is required: Kubernetes takes a condition that has but a message, and its clients rely on it.
const condition: StructuralSchema = {
  type: "object",
  properties: {
    type: text("Established, NamesAccepted, NonStructuralSchema, Terminating or KubernetesAPIApprovalPolicyConformant."),
    status: text("True, False or Unknown."),
    lastTransitionTime: { type: "string", format: "date-time", nullable: true, description: "When the status last became another." },
    reason: text("Why, in one word."),
    message: text("Why, for people."),
    observedGeneration: { type: "integer", format: "int64", description: "The generation that the condition is about." },
  },
};

/** Spec and status of a CustomResourceDefinition. */
export const definitionSchema: StructuralSchema = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      description: "The kind: its names, scope and versions.",
      required: ["group", "names", "scope", "versions"],
      properties: {
        group: text("The API group. The definition's name is <plural>.<group>."),
        names: names("What the kind is called."),
        scope: text("Cluster or Namespaced."),
        versions: { type: "array", description: "The versions that there are.", items: version, ...atomic },
        conversion,
        preserveUnknownFields: flag("Must be false. Use x-kubernetes-preserve-unknown-fields of a schema instead."),
      },
    },
    status: {
      type: "object",
      description: "What the server made of it.",
      properties: {
        conditions: {
          type: "array",
          description: "What is true of the definition.",
          items: condition,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
        },
        acceptedNames: names("The names that are served: other than those of the spec while they conflict."),
        storedVersions: texts("All versions in which objects may be stored. A version may leave the spec when it has left this list."),
        observedGeneration: { type: "integer", format: "int64", description: "The generation that the status is about." },
      },
    },
  },
};
