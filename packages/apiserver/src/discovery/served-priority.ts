import type { GroupVersion } from "@dataplane/meta";

/** Where an APIService ranks a group and version: `groupPriorityMinimum` and `versionPriority`. */
export interface Priority {
  readonly group: number;
  readonly version: number;
}

/** Kubernetes' own groups and versions, as kube-apiserver 1.37 registers them. */
const kubernetes: Readonly<Record<string, readonly [group: number, versions: Readonly<Record<string, number>>]>> = {
  "": [18_000, { v1: 1 }],
  // kube-apiserver has no APIService of this one, and lists it first.
  "apiregistration.k8s.io": [17_900, { v1: 15 }],
  apps: [17_800, { v1: 15 }],
  "events.k8s.io": [17_750, { v1: 15, v1beta1: 5 }],
  "authentication.k8s.io": [17_700, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "authorization.k8s.io": [17_600, { v1: 15 }],
  autoscaling: [17_500, { v2: 30, v1: 15, v2beta1: 9, v2beta2: 1 }],
  batch: [17_400, { v1: 15, v1beta1: 9, v2alpha1: 9 }],
  "certificates.k8s.io": [17_300, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "networking.k8s.io": [17_200, { v1: 15, v1beta1: 9 }],
  policy: [17_100, { v1: 15, v1beta1: 9 }],
  "rbac.authorization.k8s.io": [17_000, { v1: 15 }],
  "storage.k8s.io": [16_800, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "admissionregistration.k8s.io": [16_700, { v1: 15, v1beta1: 12, v1alpha1: 9 }],
  "apiextensions.k8s.io": [16_700, { v1: 15 }],
  "scheduling.k8s.io": [16_600, { v1: 15, v1beta1: 9, v1alpha3: 3 }],
  "coordination.k8s.io": [16_500, { v1: 15, v1beta1: 13, v1alpha2: 12 }],
  "node.k8s.io": [16_300, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "discovery.k8s.io": [16_200, { v1: 15, v1beta1: 12 }],
  "resource.k8s.io": [16_200, { v1: 21, v1beta2: 15, v1beta1: 9, v1alpha3: 1 }],
  "flowcontrol.apiserver.k8s.io": [16_100, { v1: 21, v1beta3: 18, v1beta2: 15, v1beta1: 12, v1alpha1: 9 }],
  "internal.apiserver.k8s.io": [16_000, { v1alpha1: 9 }],
  "storagemigration.k8s.io": [15_800, { v1: 15, v1beta1: 9 }],
  "lifecycle.k8s.io": [15_700, { v1alpha1: 1 }],
};

/** As custom resources are ranked: the versions of such a group are alike, and come in Kubernetes' order of versions. */
const others: Priority = { group: 1_000, version: 100 };
/** What Kubernetes gives a version of one of its groups when nothing speaks for another number. */
const newVersion = 9;

/** How a group and version is ranked that is served here, and that nobody ranks otherwise. */
export function servedPriority({ group, version }: GroupVersion): Priority {
  const known = Object.hasOwn(kubernetes, group) ? kubernetes[group] : undefined;
  if (known === undefined) return others;
  const [priority, versions] = known;
  return { group: priority, version: (Object.hasOwn(versions, version) ? versions[version] : undefined) ?? newVersion };
}

/** True of a group and version that kube-apiserver itself has. */
export const isKubernetesOwn = ({ group, version }: GroupVersion): boolean =>
  Object.hasOwn(kubernetes, group) && Object.hasOwn(kubernetes[group]?.[1] ?? {}, version);
