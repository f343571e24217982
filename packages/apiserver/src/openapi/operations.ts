import type { GroupVersionKind, JsonObject } from "@dataplane/meta";
import type { ResourceDefinition, Verb } from "../resource.js";
import { metaComponent, schemaRef } from "./component-name.js";
import { deleteCollectionParameters, deleteParameters, listParameters, patchParameters, writeParameters } from "./parameters.js";

export interface OperationContext {
  readonly definition: ResourceDefinition;
  /** Component of the kind and of its list. */
  readonly component: string;
  readonly listComponent: string;
  /** `Widget`, `NamespacedWidget`, `NamespacedWidgetStatus`: makes operation ids unique. */
  readonly subject: string;
  /** The kind that it is about, where that is not the definition's: a Scale. */
  readonly answers?: GroupVersionKind;
}

const mediaTypes = ["application/json", "application/yaml"];
const watchTypes = ["application/json;stream=watch"];
const customPatches = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

const content = (types: readonly string[], name: string): JsonObject => Object.fromEntries(types.map((type) => [type, { schema: schemaRef(name) }]));

const answers = (codes: Readonly<Record<string, string>>, types: readonly string[], name: string): JsonObject => ({
  ...Object.fromEntries(Object.entries(codes).map(([code, description]) => [code, { description, content: content(types, name) }])),
  "401": { description: "Unauthorized" },
});

interface Shape {
  readonly action: string;
  readonly id: string;
  readonly description: string;
  readonly parameters?: readonly JsonObject[];
  readonly body?: JsonObject;
  readonly responses: JsonObject;
}

/** What each verb's operation is; the path is the caller's. */
const shapes: Readonly<Record<Verb, (context: OperationContext) => Shape>> = {
  get: ({ definition: { kind }, component }) => ({
    action: "get",
    id: "read",
    description: `read the ${kind}`,
    responses: answers({ "200": "OK" }, mediaTypes, component),
  }),
  list: ({ definition: { kind }, listComponent }) => ({
    action: "list",
    id: "list",
    description: `list or watch objects of kind ${kind}`,
    parameters: listParameters,
    responses: answers({ "200": "OK" }, [...mediaTypes, ...watchTypes], listComponent),
  }),
  watch: ({ definition: { kind } }) => ({
    action: "watch",
    id: "watch",
    description: `watch objects of kind ${kind}`,
    parameters: listParameters,
    responses: answers({ "200": "OK" }, [...mediaTypes, ...watchTypes], metaComponent("WatchEvent")),
  }),
  create: ({ definition: { kind }, component }) => ({
    action: "post",
    id: "create",
    description: `create a ${kind}`,
    parameters: writeParameters,
    body: { required: true, content: content(mediaTypes, component) },
    responses: answers({ "200": "OK", "201": "Created", "202": "Accepted" }, mediaTypes, component),
  }),
  update: ({ definition: { kind }, component }) => ({
    action: "put",
    id: "replace",
    description: `replace the ${kind}`,
    parameters: writeParameters,
    body: { required: true, content: content(mediaTypes, component) },
    responses: answers({ "200": "OK", "201": "Created" }, mediaTypes, component),
  }),
  patch: ({ definition: { kind, strategicMerge }, component }) => ({
    action: "patch",
    id: "patch",
    description: `change parts of the ${kind}`,
    parameters: patchParameters,
    // kubectl reads here whether a kind takes strategic merge patches.
    body: {
      required: true,
      content: content(
        strategicMerge === true ? [...customPatches, "application/strategic-merge-patch+json"] : customPatches,
        metaComponent("Patch"),
      ),
    },
    responses: answers({ "200": "OK", "201": "Created" }, mediaTypes, component),
  }),
  delete: ({ definition: { kind } }) => ({
    action: "delete",
    id: "delete",
    description: `delete a ${kind}`,
    parameters: deleteParameters,
    body: { content: content(mediaTypes, metaComponent("DeleteOptions")) },
    responses: answers({ "200": "OK", "202": "Accepted" }, mediaTypes, metaComponent("Status")),
  }),
  deletecollection: ({ definition: { kind } }) => ({
    action: "deletecollection",
    id: "deletecollection",
    description: `delete all objects of kind ${kind} that match`,
    parameters: deleteCollectionParameters,
    body: { content: content(mediaTypes, metaComponent("DeleteOptions")) },
    responses: answers({ "200": "OK" }, mediaTypes, metaComponent("Status")),
  }),
};

export function operation(verb: Verb, context: OperationContext): JsonObject {
  const { group, version } = context.definition;
  const { kind, group: itsGroup, version: itsVersion } = context.answers ?? context.definition;
  const { action, id, description, parameters, body, responses } = shapes[verb](context);
  return {
    tags: [tagOf(group, version)],
    description,
    operationId: `${id}${operationGroup(group, version)}${context.subject}`,
    ...(parameters === undefined ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: body }),
    responses,
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group: itsGroup, version: itsVersion, kind },
  };
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const words = (text: string): string =>
  text
    .split(/[^A-Za-z\d]+/)
    .map(capitalized)
    .join("");
const operationGroup = (group: string, version: string): string => `${group === "" ? "Core" : words(group)}${words(version)}`;
const tagOf = (group: string, version: string): string => `${group === "" ? "core" : words(group)}_${version}`;
