import type { FieldShape, MessageShape } from "./message.js";

// Field numbers: https://github.com/kubernetes/api and https://github.com/kubernetes/apimachinery, generated.proto of each group.

type Row = readonly [number: number, name: string, shape?: FieldShape, repeated?: "repeated"];

const message = (...rows: readonly Row[]): MessageShape =>
  new Map(rows.map(([number, name, shape = "string", repeated]) => [number, { name, shape, repeated: repeated !== undefined }]));

const ownerReference = message([1, "kind"], [3, "name"], [4, "uid"], [5, "apiVersion"], [6, "controller", "bool"], [7, "blockOwnerDeletion", "bool"]);

const managedFields = message(
  [1, "manager"],
  [2, "operation"],
  [3, "apiVersion"],
  [4, "time", "time"],
  [6, "fieldsType"],
  [7, "fieldsV1", "rawJson"],
  [8, "subresource"],
);

const objectMeta = message(
  [1, "name"],
  [2, "generateName"],
  [3, "namespace"],
  [5, "uid"],
  [6, "resourceVersion"],
  [7, "generation", "int"],
  [8, "creationTimestamp", "time"],
  [9, "deletionTimestamp", "time"],
  [10, "deletionGracePeriodSeconds", "int"],
  [11, "labels", "stringMap"],
  [12, "annotations", "stringMap"],
  [13, "ownerReferences", ownerReference, "repeated"],
  [14, "finalizers", "string", "repeated"],
  [17, "managedFields", managedFields, "repeated"],
);

const objectReference = message([1, "kind"], [2, "namespace"], [3, "name"], [4, "uid"], [5, "apiVersion"], [6, "resourceVersion"], [7, "fieldPath"]);

const source = message([1, "component"], [2, "host"]);
const series = message([1, "count", "int"], [2, "lastObservedTime", "microTime"]);

const namespace = message(
  [1, "metadata", objectMeta],
  [2, "spec", message([1, "finalizers", "string", "repeated"])],
  [3, "status", message([1, "phase"])],
);

const lease = message(
  [1, "metadata", objectMeta],
  [
    2,
    "spec",
    message(
      [1, "holderIdentity"],
      [2, "leaseDurationSeconds", "int"],
      [3, "acquireTime", "microTime"],
      [4, "renewTime", "microTime"],
      [5, "leaseTransitions", "int"],
      [6, "strategy"],
      [7, "preferredHolder"],
    ),
  ],
);

const coreEvent = message(
  [1, "metadata", objectMeta],
  [2, "involvedObject", objectReference],
  [3, "reason"],
  [4, "message"],
  [5, "source", source],
  [6, "firstTimestamp", "time"],
  [7, "lastTimestamp", "time"],
  [8, "count", "int"],
  [9, "type"],
  [10, "eventTime", "microTime"],
  [11, "series", series],
  [12, "action"],
  [13, "related", objectReference],
  [14, "reportingComponent"],
  [15, "reportingInstance"],
);

const newEvent = message(
  [1, "metadata", objectMeta],
  [2, "eventTime", "microTime"],
  [3, "series", series],
  [4, "reportingController"],
  [5, "reportingInstance"],
  [6, "action"],
  [7, "reason"],
  [8, "regarding", objectReference],
  [9, "related", objectReference],
  [10, "note"],
  [11, "type"],
  [12, "deprecatedSource", source],
  [13, "deprecatedFirstTimestamp", "time"],
  [14, "deprecatedLastTimestamp", "time"],
  [15, "deprecatedCount", "int"],
);

const accessReview = message(
  [1, "metadata", objectMeta],
  [
    2,
    "spec",
    message(
      [
        1,
        "resourceAttributes",
        message([1, "namespace"], [2, "verb"], [3, "group"], [4, "version"], [5, "resource"], [6, "subresource"], [7, "name"]),
      ],
      [2, "nonResourceAttributes", message([1, "path"], [2, "verb"])],
    ),
  ],
);

const rulesReview = message([1, "metadata", objectMeta], [2, "spec", message([1, "namespace"])]);

const deleteOptions = message(
  [1, "gracePeriodSeconds", "int"],
  [2, "preconditions", message([1, "uid"], [2, "resourceVersion"])],
  [3, "orphanDependents", "bool"],
  [4, "propagationPolicy"],
  [5, "dryRun", "string", "repeated"],
);

/** The kinds that typed clients send as protobuf; of any group version for DeleteOptions. */
export function shapeOf(apiVersion: string, kind: string): MessageShape | undefined {
  return kind === "DeleteOptions" ? deleteOptions : shapes.get(`${apiVersion} ${kind}`);
}

const shapes: ReadonlyMap<string, MessageShape> = new Map([
  ["v1 Namespace", namespace],
  ["v1 Event", coreEvent],
  ["events.k8s.io/v1 Event", newEvent],
  ["coordination.k8s.io/v1 Lease", lease],
  ["authentication.k8s.io/v1 SelfSubjectReview", message([1, "metadata", objectMeta])],
  ["authorization.k8s.io/v1 SelfSubjectAccessReview", accessReview],
  ["authorization.k8s.io/v1 SelfSubjectRulesReview", rulesReview],
]);
