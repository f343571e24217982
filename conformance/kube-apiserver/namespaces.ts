import { apply, get, merge, namespaceOf, post, put } from "./request.js";
import type { Step } from "./step.js";

const all = "/api/v1/namespaces";
const namespace = (metadata: object, more: object = {}): object => ({ apiVersion: "v1", kind: "Namespace", metadata, ...more });

/** Namespaces themselves: labels that the server keeps, names that are none, finalizers, status, and what cannot be. */
export const namespaces = (): readonly Step[] => [
  namespaceOf("spaces-a"),
  post(all, namespace({ name: "spaces-b", labels: { team: "x" }, annotations: { note: "y" } })),
  post(all, namespace({ name: "spaces-a" })),
  ...["Upper", "with.dot", "a_b", "-a", "n".repeat(64), ""].map((name) => post(all, namespace({ name }))),
  post(all, namespace({ name: "spaces-c", labels: { "kubernetes.io/metadata.name": "other" } })),
  post(`${all}?dryRun=All`, namespace({ name: "spaces-d" })),
  post(all, namespace({ name: "spaces-e", namespace: "spaces-a" })),
  get(`${all}/spaces-a`),
  get(`${all}/missing`),
  get(`${all}?labelSelector=team%3Dx`),
  get(`${all}?labelSelector=kubernetes.io%2Fmetadata.name%20in%20(spaces-a%2Cspaces-b)`),
  get(`${all}?fieldSelector=metadata.name%3Dspaces-b`),
  merge(`${all}/spaces-a`, { metadata: { labels: { team: "z" } } }),
  merge(`${all}/spaces-a`, { metadata: { labels: { "kubernetes.io/metadata.name": null } } }),
  merge(`${all}/spaces-a`, { metadata: { labels: { "kubernetes.io/metadata.name": "other" } } }),
  merge(`${all}/spaces-a`, { spec: null }),
  merge(`${all}/spaces-a`, { status: { phase: "Terminating" } }),
  merge(`${all}/spaces-a/status`, {
    status: { conditions: [{ type: "Own", status: "True", reason: "Why", message: "text", lastTransitionTime: "2026-11-25T08:00:00Z" }] },
  }),
  put(`${all}/spaces-a`, namespace({ name: "spaces-a", labels: { only: "this" } })),
  put(`${all}/spaces-a`, namespace({ name: "spaces-b" })),
  put(
    `${all}/spaces-a/finalize`,
    namespace(
      { name: "spaces-a", labels: { only: "this", "kubernetes.io/metadata.name": "spaces-a" } },
      { spec: { finalizers: ["kubernetes", "example.com/hold"] } },
    ),
  ),
  put(
    `${all}/spaces-a/finalize`,
    namespace({ name: "spaces-a", labels: { only: "this", "kubernetes.io/metadata.name": "spaces-a" } }, { spec: { finalizers: ["kubernetes"] } }),
  ),
  apply(`${all}/spaces-a?fieldManager=one`, namespace({ name: "spaces-a", labels: { applied: "yes" } })),
  apply(`${all}/spaces-f?fieldManager=one`, namespace({ name: "spaces-f", labels: { applied: "yes" } })),
  apply(`${all}/spaces-f?fieldManager=two`, namespace({ name: "spaces-f", labels: { applied: "no" } })),
  { method: "DELETE", path: all },
  get(`${all}/spaces-a/status`),
  get(`${all}/spaces-a/finalize`),
];
