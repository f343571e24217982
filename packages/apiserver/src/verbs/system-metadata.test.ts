import { expect, test } from "vitest";
import { sameState } from "./system-metadata.js";

const owner = (manager: string, time: string, field = "f:spec") => ({ manager, operation: "Apply", time, fieldsV1: { [field]: {} } });
const object = (...managedFields: readonly ReturnType<typeof owner>[]) => ({ metadata: { name: "a", managedFields }, spec: { a: 1 } });

test("an apply that changes nothing but times, and with them the order of owners, is no change", () => {
  const before = object(owner("a", "2026-01-01T00:00:00Z"), owner("b", "2026-01-01T00:00:00Z"));
  const after = object(owner("b", "2026-01-01T00:00:00Z"), owner("a", "2026-01-01T00:00:01Z"));
  expect(sameState(before, after)).toBe(true);
});

test("another owner, another field and another value are changes", () => {
  const before = object(owner("a", "2026-01-01T00:00:00Z"));
  expect(sameState(before, object(owner("b", "2026-01-01T00:00:00Z")))).toBe(false);
  expect(sameState(before, object(owner("a", "2026-01-01T00:00:00Z", "f:metadata")))).toBe(false);
  expect(sameState(before, { ...before, spec: { a: 2 } })).toBe(false);
});
