import { dataPlaneServiceFrom } from "@dataplane/aggregator";
import { type ApiObject, type Condition, elderFirst, isJsonObject, setCondition } from "@dataplane/meta";
import { type ManifestSpec, manifestSpecFrom } from "./app-manifest-spec.js";

/** All that a manifest's conditions depend on. */
export interface ManifestSurroundings {
  readonly manifests: readonly ApiObject[];
  /** DataPlaneServices. */
  readonly services: readonly ApiObject[];
}

type Verdict = Pick<Condition, "status" | "reason" | "message">;

const passed: Verdict = { status: "True", reason: "Passed", message: "" };

/**
 * The conditions of a manifest: `Accepted`, false where an older one has its group, and `RoutesServed`, false while a served version has
 * routes that no DataPlaneService serves. Conditions of other types stay as they are, and the very list is given back when none changed.
 */
export function manifestConditions(manifest: ApiObject, surroundings: ManifestSurroundings, now: Date): readonly Condition[] {
  const spec = manifestSpecFrom(manifest);
  const accepted = acceptance(manifest, spec, surroundings.manifests);
  const before = conditionsIn(manifest);
  const { generation } = manifest.metadata;
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ["Accepted", accepted],
    ["RoutesServed", accepted.status === "True" ? routesServed(spec, surroundings.services) : accepted],
  ];
  const next = verdicts.reduce(
    (conditions, [type, verdict]) =>
      setCondition(conditions, { type, ...verdict, ...(generation === undefined ? {} : { observedGeneration: generation }) }, now),
    before,
  );
  return JSON.stringify(next) === JSON.stringify(before) ? before : next;
}

/** As they are in the object's status; whoever wrote them passed the schema. */
export function conditionsIn({ status }: ApiObject): readonly Condition[] {
  const list = isJsonObject(status) ? status["conditions"] : undefined;
  return Array.isArray(list) ? (list as readonly Condition[]) : [];
}

function acceptance(manifest: ApiObject, { group }: ManifestSpec, manifests: readonly ApiObject[]): Verdict {
  const elder = manifests.filter((it) => it.metadata.deletionTimestamp === undefined && manifestSpecFrom(it).group === group).toSorted(elderFirst)[0];
  if (elder === undefined || elder.metadata.name === manifest.metadata.name) return passed;
  const message = `group ${JSON.stringify(group)} is that of AppManifest ${JSON.stringify(elder.metadata.name)}, which is older`;
  return { status: "False", reason: "GroupConflict", message };
}

function routesServed({ group, versions }: ManifestSpec, services: readonly ApiObject[]): Verdict {
  const withRoutes = versions.filter(({ served, routes }) => served && Object.keys({ ...routes.namespaced, ...routes.cluster }).length > 0);
  if (withRoutes.length === 0) return { ...passed, reason: "NoRoutes", message: "no served version has routes" };
  const bound = services.map((it) => dataPlaneServiceFrom(it).spec).filter((spec) => spec.services.some(({ type }) => type === "route"));
  const unbound = withRoutes.filter(({ name }) => !bound.some((spec) => spec.group === group && spec.version === name));
  if (unbound.length === 0) return passed;
  const names = unbound.map(({ name }) => `${group}/${name}`).join(", ");
  return { status: "False", reason: "NotBound", message: `no DataPlaneService with a service of type route binds ${names}` };
}
