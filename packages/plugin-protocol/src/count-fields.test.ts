import fc from "fast-check";
import { expect, test } from "vitest";
import { codecs } from "./codecs.js";
import { hasMoreFields } from "./count-fields.js";

test("fields are counted down the path only", () => {
  const frames = [Buffer.alloc(3), Buffer.alloc(300), Buffer.alloc(0)];
  const answer = { frames, error: "no", jsonMeta: new Uint8Array(), status: 200, errorSource: "", format: 0 as const };
  const bytes = codecs.queryData.encodeResponse({ responses: { A: answer } });
  // The entry, its key and value, three frames, error and status, and what else has no zero value.
  const count = (path: readonly number[]): number =>
    Array.from({ length: 40 }, (_, limit) => limit).find((limit) => !hasMoreFields(bytes, path, limit)) ?? -1;
  expect(count([])).toBe(1);
  expect(count([1])).toBe(3);
  expect(count([1, 2])).toBeGreaterThanOrEqual(3 + frames.length + 2);
});

test("any bytes are counted without a crash, and no more than two bytes a field", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(hasMoreFields(bytes, [1, 2], bytes.length)).toBe(false);
      hasMoreFields(bytes, [1, 2], 3);
    }),
    { numRuns: 5000 },
  );
});
