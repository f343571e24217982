import type { Informer } from "@dataplane/client";
import { type ApiObject, isJsonObject, type JsonValue, type Metrics } from "@dataplane/meta";

export interface AvailabilityMetricsOptions {
  /** Such as `aggregator_unavailable_apiservice`; `<name>_total` counts the times that it began. */
  readonly name: string;
  readonly what: string;
  readonly objects: Informer<ApiObject>;
}

/** Which objects are not available now, and how often each became so, by kube-aggregator's pattern. */
export function addAvailabilityMetrics(metrics: Metrics, { name, what, objects }: AvailabilityMetricsOptions): void {
  metrics.observed({
    type: "gauge",
    name,
    help: `${what} whose condition Available is not True: 1, else 0.`,
    labels: ["name"],
    read: () => objects.list().map((object) => [[object.metadata.name], availableOf(object)?.status === "True" ? 0 : 1]),
  });
  const total = metrics.counter({
    name: `${name}_total`,
    help: `Times that one of the ${what} became unavailable, by reason.`,
    labels: ["name", "reason"],
  });
  const unavailable = new Map<string, string>();
  objects.onChange(({ type, object }) => {
    const { name: id } = object.metadata;
    const condition = availableOf(object);
    if (type === "deleted" || condition?.status !== "False") {
      unavailable.delete(id);
    } else if (unavailable.get(id) !== condition.reason) {
      unavailable.set(id, condition.reason);
      total.with(id, condition.reason).inc();
    }
  });
}

function availableOf(object: ApiObject): { readonly status: string; readonly reason: string } | undefined {
  const status = object["status"];
  const conditions = isJsonObject(status) && Array.isArray(status["conditions"]) ? (status["conditions"] as readonly JsonValue[]) : [];
  const found = conditions.find((it) => isJsonObject(it) && it["type"] === "Available");
  return isJsonObject(found) ? { status: text(found["status"]), reason: text(found["reason"]) } : undefined;
}

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
