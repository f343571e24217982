import { expect, test } from "vitest";
import { planOf } from "./plan.js";

test("a run has five turns of five seconds unless told, and one in short has one", () => {
  expect(planOf({ smoke: false, env: {} })).toEqual({ rounds: 5, seconds: 5, smoke: false });
  expect(planOf({ smoke: true, env: {} })).toEqual({ rounds: 1, seconds: 1, smoke: true });
  expect(planOf({ smoke: false, env: { BENCH_ROUNDS: "3", BENCH_SECONDS: "0.5" } })).toEqual({ rounds: 3, seconds: 0.5, smoke: false });
});

test.each(["0", "-1", "many"])("%s turns are refused", (text) => {
  expect(() => planOf({ smoke: false, env: { BENCH_ROUNDS: text } })).toThrow("BENCH_ROUNDS");
});
