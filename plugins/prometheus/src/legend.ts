import type { PrometheusQuery } from "./prometheus-query.js";
import type { Labels } from "./result.js";

/**
 * The name of a series: by the query's `legendFormat` (`{{label}}` stands for a label's value), by default as PromQL writes it.
 * Undefined for `__auto` where labels tell the series apart by themselves.
 */
export function legendOf({ legendFormat, expr }: Pick<PrometheusQuery, "legendFormat" | "expr">, labels: Labels): string | undefined {
  if (legendFormat === "__auto") return Object.keys(labels).length > 0 ? undefined : expr;
  if (legendFormat !== "") return fill(legendFormat, labels);
  const name = metricText(labels);
  return name === "{}" ? expr : name;
}

/** Such as `up{instance="a:9090", job="node"}`. */
export function metricText(labels: Labels): string {
  const { __name__: name = "", ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}="${value}"`);
  if (pairs.length === 0 && name !== "") return name;
  return `${name}{${pairs.join(", ")}}`;
}

function fill(template: string, labels: Labels): string {
  return template.replace(/\{\{([^{}]*)\}\}/g, (_, label: string) => labels[label.trim()] ?? "");
}
