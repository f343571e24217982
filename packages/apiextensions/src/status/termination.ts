import type { Condition } from "@dataplane/meta";

type Termination = Omit<Condition, "lastTransitionTime">;

const terminating = (status: "True" | "False", reason: string, message: string): Termination => ({ type: "Terminating", status, reason, message });

// How far the deletion of a definition is, in Kubernetes' words.

export const terminationPending = terminating(
  "True",
  "InstanceDeletionPending",
  "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
);
export const terminationInProgress = terminating("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress");
export const terminationFailed = (why: string): Termination => terminating("True", "InstanceDeletionFailed", `could not issue all deletes: ${why}`);
export const terminationCompleted = terminating("False", "InstanceDeletionCompleted", "removed all instances");
export const neverEstablished = terminating("False", "NeverEstablished", "resource was never established");
