import type { JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { autoscalerConverter } from "./autoscaler-converter.js";

const cpu = { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } };
const requests = { type: "Pods", pods: { metric: { name: "requests" }, target: { type: "AverageValue", averageValue: "1k" } } };

async function convert(object: JsonObject, version: string): Promise<JsonObject | undefined> {
  const outcome = await autoscalerConverter.convert([object], { group: "autoscaling", version }, new AbortController().signal);
  return "converted" in outcome ? outcome.converted[0] : undefined;
}

const second: JsonObject = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web" },
  spec: { maxReplicas: 3, metrics: [cpu, requests] },
};

test("an autoscaler's CPU target is a number in v1, and what v1 has no field for lies in an annotation", async () => {
  expect(await convert(second, "v1")).toEqual({
    apiVersion: "autoscaling/v1",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web", annotations: { "autoscaling.alpha.kubernetes.io/metrics": JSON.stringify([requests]) } },
    spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 80 },
  });
});

test("an autoscaler is the same after it went through v1", async () => {
  const first = await convert(second, "v1");
  expect(first).toBeDefined();
  expect(await convert(first ?? {}, "v2")).toEqual(second);
});

test("an annotation that holds no metrics adds none", async () => {
  const first = {
    apiVersion: "autoscaling/v1",
    metadata: { annotations: { "autoscaling.alpha.kubernetes.io/metrics": "{" } },
    spec: { maxReplicas: 1 },
  };
  expect(await convert(first, "v2")).toEqual({ apiVersion: "autoscaling/v2", metadata: {}, spec: { maxReplicas: 1 } });
});
