import { conditions, type StructuralSchema } from "@dataplane/apiserver";

const text = (description: string): StructuralSchema => ({ type: "string", description });
const texts = (description: string): StructuralSchema => ({ type: "array", description, items: { type: "string" } });
const flag = (description: string): StructuralSchema => ({ type: "boolean", description });
const open = (description: string): StructuralSchema => ({ type: "object", description, "x-kubernetes-preserve-unknown-fields": true });
const mapOf = (description: string, additionalProperties: StructuralSchema): StructuralSchema => ({
  type: "object",
  description,
  additionalProperties,
});

const pathItems = (what: string): StructuralSchema =>
  mapOf(`${what} Each is an OpenAPI path item, by its path.`, { type: "object", "x-kubernetes-preserve-unknown-fields": true });

const operations = texts("CREATE, UPDATE, DELETE, CONNECT or *.");

const kind: StructuralSchema = {
  type: "object",
  description: "A kind of the app.",
  required: ["kind", "scope"],
  properties: {
    kind: text("Name of the kind, in CamelCase."),
    plural: text("Its resource; the kind in lower case with an s unless told."),
    scope: { type: "string", enum: ["Namespaced", "Cluster"], description: "Whether its objects are in a namespace." },
    userReadable: flag("For a cluster kind: every user may read it."),
    folderScoped: flag("For a namespaced kind: its objects are in folders."),
    conversion: flag("The plugin converts between versions."),
    admission: {
      type: "object",
      description: "Which writes the plugin is asked about.",
      properties: {
        validation: { type: "object", properties: { operations } },
        mutation: { type: "object", properties: { operations } },
      },
    },
    schemas: open("OpenAPI schemas by name; one is named as the kind."),
    schema: open("In v1alpha1: an OpenAPI document, its components, or the fields of the kind."),
    selectableFields: texts("Paths that field selectors may name."),
    additionalPrinterColumns: { type: "array", items: open("A column, as a CRD has it.") },
    searchFields: { type: "array", items: open("A field that search knows.") },
    search: { type: "object", properties: { endpoint: flag("There is a search endpoint."), trash: flag("It finds what was deleted.") } },
    routes: pathItems("Subresources of the kind's objects."),
  },
};

const version: StructuralSchema = {
  type: "object",
  description: "One version of the app's group.",
  required: ["name"],
  properties: {
    name: text("Such as v1 or v1beta1."),
    served: { type: "boolean", default: true, description: "False: it is not served." },
    kinds: { type: "array", description: "Its kinds.", items: kind },
    routes: {
      type: "object",
      description: "Custom routes, answered by the app's plugin.",
      properties: {
        namespaced: pathItems("Below a namespace."),
        cluster: pathItems("Below the group and version."),
        schemas: open("OpenAPI schemas that the routes refer to."),
      },
    },
  },
};

const role: StructuralSchema = {
  type: "object",
  properties: {
    title: text("Name for people."),
    description: text("What it is for."),
    kinds: {
      type: "array",
      items: {
        type: "object",
        required: ["kind"],
        properties: {
          kind: text("A kind of the app."),
          permissionSet: { type: "string", enum: ["viewer", "editor", "admin"], description: "Or the verbs one by one." },
          verbs: texts("Or a permissionSet."),
        },
      },
    },
    routes: texts("Operation ids of routes that may be called."),
  },
};

const spec: StructuralSchema = {
  type: "object",
  required: ["appName", "group"],
  properties: {
    appName: text("Name of the app."),
    appDisplayName: text("Name for people."),
    group: text("API group of the app."),
    preferredVersion: text("The version that clients should use; the latest of the list unless told."),
    dryRunKinds: flag("The kinds are checked and reported, and not served."),
    versions: {
      type: "array",
      items: version,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    },
    extraPermissions: {
      type: "object",
      properties: {
        accessKinds: {
          type: "array",
          items: {
            type: "object",
            required: ["group", "resource", "actions"],
            properties: { group: text("API group."), resource: text("Its resource."), actions: texts("Verbs.") },
          },
        },
      },
    },
    operator: {
      type: "object",
      properties: {
        url: text("Where the app's operator is called."),
        webhooks: {
          type: "object",
          properties: { validationPath: text("Path."), mutationPath: text("Path."), conversionPath: text("Path.") },
        },
      },
    },
    operatorURL: text("In v1alpha1: operator.url."),
    roles: mapOf("Roles of the app, by name.", role),
    roleBindings: {
      type: "object",
      properties: {
        viewer: texts("Roles of viewers."),
        editor: texts("Roles of editors."),
        admin: texts("Roles of admins."),
        additional: mapOf("Roles of other groups.", { type: "array", items: { type: "string" } }),
      },
    },
  },
};

const status: StructuralSchema = {
  type: "object",
  properties: {
    observedGeneration: { type: "integer", format: "int64", description: "The generation that this status is of." },
    conditions: conditions.json,
    storedVersion: text("The version that all objects of the manifest's kinds are stored in."),
    resources: mapOf("What was made of the manifest, by the part that made it.", {
      type: "object",
      properties: {
        status: { type: "string", enum: ["success", "failure"], description: "How it went." },
        details: text("What went wrong."),
        managedResources: {
          type: "array",
          items: {
            type: "object",
            properties: { kind: text("Kind."), apiVersion: text("Group and version."), namespace: text("Namespace."), name: text("Name.") },
          },
        },
      },
    }),
  },
};

/** Of both versions: what only the older one has may be written in the newer one too, and reads as it was written. */
export const appManifestSchema: StructuralSchema = { type: "object", required: ["spec"], properties: { spec, status } };
