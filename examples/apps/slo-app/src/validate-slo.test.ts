import { expect, test } from "vitest";
import { validateSlo } from "./validate-slo.js";

const slo = (...objectives: readonly object[]) => ({ spec: { query: "up", objectives } });

test("objectives of different windows pass", () => {
  expect(() => validateSlo(slo({ target: 0.99, window: "28d" }, { target: 0.999, window: "24h" }))).not.toThrow();
});

test.each([
  [slo({ target: 1, window: "28d" }), "spec.objectives[0].target: must be between 0 and 1"],
  [slo({ target: 0.9, window: "soon" }), "spec.objectives[0].window: must be hours or days"],
  [slo({ target: 0.9, window: "1d" }, { target: 0.8, window: "1d" }), "spec.objectives[1].window: there is an objective for 1d already"],
])("what cannot be met is refused, by its field", (refused, message) => {
  expect(() => validateSlo(refused)).toThrow(message);
});
