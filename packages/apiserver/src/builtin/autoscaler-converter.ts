import { type GroupVersion, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { Converter } from "../conversion/converter.js";
import { parseJson } from "../parse-json.js";
import { exceedsDepth } from "../schema/exceeds-depth.js";
import { maxDepth } from "../schema/field-path.js";

/** Where `autoscaling/v1` keeps the metrics that it has no field for, as JSON of the later version. */
const metricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics";

/** HorizontalPodAutoscaler between `autoscaling/v1`, which names a utilization of CPU, and `v2`, which has a list of metrics. */
export const autoscalerConverter: Converter = {
  convert(objects, desired) {
    return Promise.resolve({ converted: objects.map((object) => converted(object, desired)) });
  },
};

function converted(object: JsonObject, { group, version }: GroupVersion): JsonObject {
  const apiVersion = `${group}/${version}`;
  if (object["apiVersion"] === apiVersion) return object;
  return { ...(version === "v1" ? toFirst(object) : toSecond(object)), apiVersion };
}

function toSecond(object: JsonObject): JsonObject {
  const { targetCPUUtilizationPercentage: target, ...spec } = asObject(object["spec"]);
  const { [metricsAnnotation]: kept, ...annotations } = asObject(asObject(object["metadata"])["annotations"]);
  const metrics = [...(typeof target === "number" ? [cpuMetric(target)] : []), ...listIn(kept)];
  return {
    ...object,
    metadata: withAnnotations(object, annotations),
    spec: { ...spec, ...(metrics.length === 0 ? {} : { metrics }) },
  };
}

function toFirst(object: JsonObject): JsonObject {
  const { metrics = [], behavior: _behavior, ...spec } = asObject(object["spec"]);
  const all = Array.isArray(metrics) ? (metrics as readonly JsonValue[]) : [];
  const target = all.map(cpuUtilization).find((it) => it !== undefined);
  const rest = all.filter((it) => target === undefined || cpuUtilization(it) !== target);
  const annotations = asObject(asObject(object["metadata"])["annotations"]);
  return {
    ...object,
    metadata: withAnnotations(object, rest.length === 0 ? annotations : { ...annotations, [metricsAnnotation]: JSON.stringify(rest) }),
    spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
  };
}

function withAnnotations(object: JsonObject, annotations: JsonObject): JsonObject {
  const { annotations: _annotations, ...metadata } = asObject(object["metadata"]);
  return { ...metadata, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) };
}

const cpuMetric = (averageUtilization: number): JsonObject => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});

function cpuUtilization(metric: JsonValue): number | undefined {
  const { name, target } = asObject(asObject(metric)["resource"]);
  const { averageUtilization } = asObject(target);
  return name === "cpu" && typeof averageUtilization === "number" ? averageUtilization : undefined;
}

/** What a client wrote into the annotation may be anything. */
function listIn(text: JsonValue | undefined): readonly JsonValue[] {
  if (typeof text !== "string") return [];
  try {
    const value = parseJson(text);
    return Array.isArray(value) && !exceedsDepth(value, maxDepth) ? (value as readonly JsonValue[]) : [];
  } catch {
    return [];
  }
}

const asObject = (value: JsonValue | undefined): JsonObject => (value !== undefined && isJsonObject(value) ? value : {});
