import fc from "fast-check";
import { expect, test } from "vitest";
import { arrowToJson, frameToArrow } from "./index.js";
import { arbitraryFrame } from "./testing/arbitrary-frame.js";
import { arrowIsJsonOrRefused, hostileArrow, hostileJson, jsonIsFrameOrRefused } from "./testing/hostile-frames.js";

const SECONDS = 1000;

test("bytes that come as Arrow give JSON or a FrameError", () => {
  fc.assert(
    fc.property(hostileArrow, (arrow) => arrowIsJsonOrRefused(arrow)),
    { numRuns: 25_000, interruptAfterTimeLimit: 10 * SECONDS },
  );
});

test("bytes that come as JSON give a frame or a FrameError, by every reader alike", () => {
  fc.assert(
    fc.property(hostileJson, (json) => jsonIsFrameOrRefused(json)),
    { numRuns: 10_000, interruptAfterTimeLimit: 8 * SECONDS },
  );
});

test("a call that throws leaves nothing behind for the next", () => {
  const good = frameToArrow({ fields: [{ name: "v", type: "string", nullable: true, values: ["a", null, "b"] }] });
  const before = Buffer.from(arrowToJson(good).json);
  fc.assert(
    fc.property(arbitraryFrame(5), fc.nat(), (frame, at) => {
      const broken = Buffer.from(frameToArrow(frame));
      broken[at % broken.length] = 0xff;
      arrowIsJsonOrRefused(broken);
      expect(before.equals(arrowToJson(good).json)).toBe(true);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 5 * SECONDS },
  );
});
