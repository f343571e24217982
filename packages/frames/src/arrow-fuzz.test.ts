import fc from "fast-check";
import { expect, test } from "vitest";
import { arrowToJson, FrameError, frameToArrow } from "./index.js";
import { arbitraryFrame } from "./testing/arbitrary-frame.js";
import { readGoldens } from "./testing/goldens.js";

const SECONDS = 1000;
const goldens = readGoldens()
  .map(({ arrow }) => Buffer.from(arrow, "base64"))
  .filter((arrow) => arrow.length < 20_000);

/** Either JSON, or a FrameError: nothing else may come out. */
function mustNotCrash(arrow: Uint8Array): void {
  let json: Uint8Array;
  try {
    json = arrowToJson(arrow).json;
  } catch (error) {
    expect(error).toBeInstanceOf(FrameError);
    return;
  }
  expect(() => void JSON.parse(Buffer.from(json).toString("utf8"))).not.toThrow();
  expect(json.length).toBeLessThan(200 * arrow.length + 10_000);
}

test("random bytes give a FrameError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, magic) =>
      mustNotCrash(magic ? Buffer.concat([Buffer.from("ARROW1\0\0\xff\xff\xff\xff", "latin1"), bytes]) : bytes),
    ),
    { numRuns: 5000, interruptAfterTimeLimit: 5 * SECONDS },
  );
});

test("goldens with bytes changed or cut give JSON or a FrameError", () => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...goldens), edits, fc.nat(9), fc.nat(), (golden, changes, cut, end) => {
      const mutated = Buffer.from(cut === 0 ? golden.subarray(0, end % golden.length) : golden);
      for (const [at, value] of changes) if (mutated.length > 0) mutated[at % mutated.length] = value;
      mustNotCrash(mutated);
    }),
    { numRuns: 20_000, interruptAfterTimeLimit: 8 * SECONDS },
  );
});

test("a call that throws leaves nothing behind for the next", () => {
  const good = frameToArrow({ fields: [{ name: "v", type: "string", nullable: true, values: ["a", null, "b"] }] });
  const before = Buffer.from(arrowToJson(good).json);
  fc.assert(
    fc.property(arbitraryFrame(5), fc.nat(), (frame, at) => {
      const broken = Buffer.from(frameToArrow(frame));
      broken[at % broken.length] = 0xff;
      mustNotCrash(broken);
      expect(before.equals(arrowToJson(good).json)).toBe(true);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 5 * SECONDS },
  );
});
