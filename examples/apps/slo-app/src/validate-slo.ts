import { type JsonObject, PluginError } from "@dataplane/plugin-sdk";
import { objectIn, objectsIn, textIn } from "../../json.js";

/** What the schema cannot say of an SLO. Throws PluginError with status 422. */
export function validateSlo(slo: JsonObject): void {
  const windows = new Set<string>();
  for (const [index, objective] of objectsIn(objectIn(slo, "spec"), "objectives").entries()) {
    const field = `spec.objectives[${index}]`;
    const { target } = objective;
    if (typeof target !== "number" || target <= 0 || target >= 1) throw invalid(`${field}.target`, "must be between 0 and 1: nothing is always up");
    const window = textIn(objective, "window");
    if (!/^[1-9]\d{0,2}[dh]$/.test(window)) throw invalid(`${field}.window`, "must be hours or days, such as 28d");
    if (windows.has(window)) throw invalid(`${field}.window`, `there is an objective for ${window} already`);
    windows.add(window);
  }
}

const invalid = (field: string, why: string): PluginError => new PluginError(`${field}: ${why}`, { status: 422, source: "downstream" });
