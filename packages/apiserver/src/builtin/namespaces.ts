import { isJsonObject, type JsonObject } from "@dataplane/meta";
import { defineResource } from "../define-resource.js";
import { plainText } from "../plain-text.js";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";
import { Schema } from "../schema/schema.js";
import { messageSchema } from "./message-schema.js";

const nameLabel = "kubernetes.io/metadata.name";

const conditions: Schema<readonly JsonObject[], "optional"> = new Schema(
  messageSchema("core.v1.NamespaceStatus").properties?.["conditions"] ?? {},
  "optional",
);

/** Holds a namespace until it is empty. */
export const contentsFinalizer = "kubernetes";

const withContents = (finalizers: readonly string[]): string[] => [...new Set([...finalizers, contentsFinalizer])];

/** Of an object that may not have been validated yet. */
function finalizersOf({ spec }: Readonly<Record<string, unknown>>): string[] {
  const finalizers = isJsonObject(spec) ? spec["finalizers"] : undefined;
  return Array.isArray(finalizers) ? finalizers.map(plainText) : [];
}

/** Namespace of core/v1: where namespaced objects live. Its delete empties it first. */
export const namespaces = defineResource({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  scope: "cluster",
  description: "A scope for names.",
  nameRule: "dnsLabel",
  strategicMerge: true,
  untracked: "spec",
  hasGeneration: false,
  // One at a time: kube-apiserver serves no deletion of a collection either.
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  finalization: {
    mark: (object) => ({
      ...object,
      spec: { finalizers: withContents(finalizersOf(object)) },
      status: { ...object.status, phase: "Terminating" },
    }),
    isHeld: ({ spec }) => (spec?.finalizers ?? []).length > 0,
  },
  // What the server itself lives in.
  keptNames: new Set(["default", "kube-system", "kube-public"]),
  selectableFields: ["status.phase"],
  // So that a label selector can mean one namespace.
  prepare: ({ object, old }) => ({
    object: {
      ...object,
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, [nameLabel]: object.metadata.name } },
      status: old?.status ?? { phase: "Active" },
      spec: { finalizers: old === undefined ? withContents(finalizersOf(object)) : (old.spec?.finalizers ?? []) },
    },
  }),
  schema: objectSchema({
    spec: s
      .object({
        finalizers: s.array(s.string()).atomic().describe("What has to happen before the namespace goes; each is taken out when it has.").optional(),
      })
      .describe("How the namespace is to be treated.")
      .optional(),
    status: s
      .object({
        phase: s.string().default("Active").describe("Active, or Terminating while it is being emptied."),
        conditions: conditions,
      })
      .default({ phase: "Active" })
      .describe("Where the namespace is in its life."),
  }),
  hasStatus: true,
  statusWritesMetadata: true,
  computed: [
    {
      name: "finalize",
      kind: "Namespace",
      internal: false,
      update: ({ object, body }) => ({ ...object, spec: { ...object.spec, finalizers: finalizersOf(body) } }),
    },
  ],
  columns: [{ name: "Status", description: "The phase of the namespace.", value: ({ status }) => status.phase }],
});
