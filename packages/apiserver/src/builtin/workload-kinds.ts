import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { Column, ComputedSubresource, ResourceDefinition, ScalePaths } from "../resource.js";
import { autoscalerConverter } from "./autoscaler-converter.js";
import { kindSchema } from "./message-schema.js";

interface WorkloadKind
  extends Pick<ResourceDefinition, "shortNames" | "categories" | "scale" | "columns" | "selectableFields" | "singular" | "versioned" | "computed"> {
  /** Short name of the Go package, such as `apps.v1`. */
  readonly package: string;
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  /** `v1` unless told. */
  readonly version?: string;
  readonly scope?: "cluster";
  readonly hasStatus?: false;
}

const replicas: ScalePaths = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas", labelSelectorPath: ".status.selector" };
const all = ["all"];

const valueAt = (object: ApiObject, ...path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>(
    (value, key) => (value !== undefined && isJsonObject(value) ? value[key] : undefined),
    object as unknown as JsonObject,
  );

const objectAt = (object: ApiObject, key: string): JsonObject => {
  const value = valueAt(object, key);
  return value !== undefined && isJsonObject(value) ? value : {};
};

const countAt = (...path: readonly string[]): ((object: ApiObject) => number) => {
  return (object) => {
    const value = valueAt(object, ...path);
    return typeof value === "number" ? value : 0;
  };
};

const textAt = (...path: readonly string[]): Column["value"] => {
  return (object) => {
    const value = valueAt(object, ...path);
    return typeof value === "string" ? value : "";
  };
};

const ready: Column = {
  name: "Ready",
  description: "Replicas that are ready, of those that are wanted.",
  value: (object) => `${String(countAt("status", "readyReplicas")(object))}/${String(countAt("spec", "replicas")(object))}`,
};

/** Who may approve requests for certificates writes their conditions, labels and annotations, and nothing else. */
const approval: ComputedSubresource<ApiObject> = {
  name: "approval",
  kind: "CertificateSigningRequest",
  internal: false,
  schema: kindSchema("certificates.v1.CertificateSigningRequest"),
  get: ({ object }) => object,
  writesStatus: true,
  update: ({ object, body }) => {
    const { labels, annotations } = body.metadata;
    const conditions = valueAt(body, "status", "conditions");
    const { labels: _labels, annotations: _annotations, ...metadata } = object.metadata;
    return {
      ...object,
      metadata: { ...metadata, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) },
      status: { ...objectAt(object, "status"), ...(conditions === undefined ? {} : { conditions }) },
    };
  },
};

const kinds: readonly WorkloadKind[] = [
  {
    package: "core.v1",
    group: "",
    kind: "Pod",
    plural: "pods",
    shortNames: ["po"],
    categories: all,
    selectableFields: ["spec.nodeName", "spec.restartPolicy", "status.phase"],
    columns: [{ name: "Status", description: "The phase of the pod.", value: textAt("status", "phase") }],
  },
  { package: "core.v1", group: "", kind: "PodTemplate", plural: "podtemplates", hasStatus: false },
  {
    package: "core.v1",
    group: "",
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    shortNames: ["rc"],
    categories: all,
    scale: replicas,
  },
  { package: "core.v1", group: "", kind: "Endpoints", plural: "endpoints", singular: "endpoints", shortNames: ["ep"], hasStatus: false },
  { package: "core.v1", group: "", kind: "ResourceQuota", plural: "resourcequotas", shortNames: ["quota"] },
  { package: "core.v1", group: "", kind: "LimitRange", plural: "limitranges", shortNames: ["limits"], hasStatus: false },
  { package: "core.v1", group: "", kind: "Node", plural: "nodes", shortNames: ["no"], scope: "cluster" },
  { package: "core.v1", group: "", kind: "PersistentVolume", plural: "persistentvolumes", shortNames: ["pv"], scope: "cluster" },
  { package: "core.v1", group: "", kind: "PersistentVolumeClaim", plural: "persistentvolumeclaims", shortNames: ["pvc"] },
  {
    package: "apps.v1",
    group: "apps",
    kind: "Deployment",
    plural: "deployments",
    shortNames: ["deploy"],
    categories: all,
    scale: replicas,
    columns: [ready],
  },
  {
    package: "apps.v1",
    group: "apps",
    kind: "ReplicaSet",
    plural: "replicasets",
    shortNames: ["rs"],
    categories: all,
    scale: replicas,
    columns: [ready],
  },
  {
    package: "apps.v1",
    group: "apps",
    kind: "StatefulSet",
    plural: "statefulsets",
    shortNames: ["sts"],
    categories: all,
    scale: replicas,
    columns: [ready],
  },
  { package: "apps.v1", group: "apps", kind: "DaemonSet", plural: "daemonsets", shortNames: ["ds"], categories: all },
  { package: "apps.v1", group: "apps", kind: "ControllerRevision", plural: "controllerrevisions", hasStatus: false },
  { package: "batch.v1", group: "batch", kind: "Job", plural: "jobs", categories: all },
  { package: "batch.v1", group: "batch", kind: "CronJob", plural: "cronjobs", shortNames: ["cj"], categories: all },
  { package: "discovery.v1", group: "discovery.k8s.io", kind: "EndpointSlice", plural: "endpointslices", hasStatus: false },
  { package: "networking.v1", group: "networking.k8s.io", kind: "Ingress", plural: "ingresses", shortNames: ["ing"] },
  {
    package: "networking.v1",
    group: "networking.k8s.io",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    shortNames: ["netpol"],
    hasStatus: false,
  },
  { package: "policy.v1", group: "policy", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets", shortNames: ["pdb"] },
  {
    package: "scheduling.v1",
    group: "scheduling.k8s.io",
    kind: "PriorityClass",
    plural: "priorityclasses",
    shortNames: ["pc"],
    scope: "cluster",
    hasStatus: false,
  },
  { package: "node.v1", group: "node.k8s.io", kind: "RuntimeClass", plural: "runtimeclasses", scope: "cluster", hasStatus: false },
  ...["Validating", "Mutating"].flatMap((way): readonly WorkloadKind[] => {
    const policies = { package: "admissionregistration.v1", group: "admissionregistration.k8s.io", scope: "cluster" } as const;
    const name = `${way.toLowerCase()}admissionpolic`;
    return [
      { ...policies, kind: `${way}AdmissionPolicy`, plural: `${name}ies`, ...(way === "Mutating" ? { hasStatus: false } : {}) },
      { ...policies, kind: `${way}AdmissionPolicyBinding`, plural: `${name}ybindings`, hasStatus: false },
    ];
  }),
  { package: "flowcontrol.v1", group: "flowcontrol.apiserver.k8s.io", kind: "FlowSchema", plural: "flowschemas", scope: "cluster" },
  {
    package: "flowcontrol.v1",
    group: "flowcontrol.apiserver.k8s.io",
    kind: "PriorityLevelConfiguration",
    plural: "prioritylevelconfigurations",
    scope: "cluster",
  },
  {
    package: "storagemigration.v1",
    group: "storagemigration.k8s.io",
    kind: "StorageVersionMigration",
    plural: "storageversionmigrations",
    shortNames: ["svm"],
    scope: "cluster",
  },
  { package: "storage.v1", group: "storage.k8s.io", kind: "CSINode", plural: "csinodes", scope: "cluster", hasStatus: false },
  {
    package: "certificates.v1",
    group: "certificates.k8s.io",
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    shortNames: ["csr"],
    scope: "cluster",
    selectableFields: ["spec.signerName"],
    computed: [approval],
  },
  ...["v1", "v2"].map(
    (version): WorkloadKind => ({
      package: `autoscaling.${version}`,
      group: "autoscaling",
      version,
      kind: "HorizontalPodAutoscaler",
      plural: "horizontalpodautoscalers",
      shortNames: ["hpa"],
      categories: all,
      versioned: { storageVersion: "v2", converter: autoscalerConverter },
    }),
  ),
];

/** An object has a status from the beginning, if an empty one. */
const withStatus: NonNullable<ResourceDefinition["prepare"]> = ({ object }) => ({
  object: object["status"] === undefined ? { ...object, status: {} } : object,
});

/** Kinds whose status subresource writes the status and nothing else. */
const statusAlone: ReadonlySet<string> = new Set(["Pod", "StorageVersionMigration", "ValidatingAdmissionPolicy"]);

/**
 * The kinds of workloads as plain data: stored, watched and served like any other, with no controller that acts on them. For tools and
 * tests that expect them to exist.
 */
export const workloadKinds = (): readonly ResourceDefinition[] =>
  kinds.map(
    ({ package: itsPackage, scope, hasStatus = true, ...kind }): ResourceDefinition => ({
      version: "v1",
      ...kind,
      scope: scope ?? "namespaced",
      hasStatus,
      description: `${kind.kind} as plain data: nothing acts on it.`,
      strategicMerge: true,
      statusWritesMetadata: !statusAlone.has(kind.kind),
      schema: kindSchema(`${itsPackage}.${kind.kind}`),
      ...(hasStatus ? { prepare: withStatus } : {}),
    }),
  );
