import assert from "node:assert/strict";
import { Buffer, isUtf8 } from "node:buffer";
import fc from "fast-check";
import { arrowToJson, FrameError, frameToArrow, frameToJson, jsonToFrame, scanJsonFrame } from "../index.js";
import { scanByTypeScript } from "../scan-json-frame.js";
import { readGoldens } from "./goldens.js";

// What holds for any bytes that come as a data frame, once for the tests and for campaigns of more rounds.

/** Told how each round ended: "JSON", "a frame", "FrameError". */
export type Seen = (outcome: string) => void;

const goldens = readGoldens();
const arrows = goldens.map(({ arrow }) => Buffer.from(arrow, "base64")).filter(({ length }) => length < 20_000);
const jsons = goldens.map(({ json }) => Buffer.from(json)).filter(({ length }) => length < 20_000);

const byteEdits = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))), { minLength: 1, maxLength: 4 });

/** Arrow's lengths and offsets are 32 or 64 bits wide, little endian, and aligned: the rows and bytes that a frame only claims to have. */
const claims = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_ff, 0x7f_ff_ff_f8, 1 << 20)), { maxLength: 2 });

/** A sound text with its bytes changed, or cut. */
const changed = (sound: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc.tuple(fc.constantFrom(...sound), byteEdits, fc.nat(9), fc.nat()).map(([golden, edits, cut, end]) => {
    const bytes = Buffer.from(cut === 0 ? golden.subarray(0, end % golden.length) : golden);
    for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return bytes;
  });

const claiming: fc.Arbitrary<Buffer> = fc.tuple(fc.constantFrom(...arrows), claims).map(([golden, numbers]) => {
  const bytes = Buffer.from(golden);
  for (const [at, value] of numbers) bytes.writeUInt32LE(value, (at % Math.floor(bytes.length / 4)) * 4);
  return bytes;
});

const random = fc
  .tuple(fc.uint8Array({ maxLength: 400 }), fc.boolean())
  .map(([bytes, magic]) => Buffer.concat([Buffer.from(magic ? "ARROW1\0\0\xff\xff\xff\xff" : "", "latin1"), bytes]));

const tokens = ["null", "[", "]", "{", "}", ",", '"', "1e999", "-0", "NaN", '"\\ud800"', '"__proto__":', '"values":[[', "\0", "\n"] as const;

/** JSON whose grammar is broken where it hurts: a token more, anywhere. */
const spliced: fc.Arbitrary<Buffer> = fc
  .tuple(fc.constantFrom(...jsons), fc.array(fc.tuple(fc.nat(), fc.constantFrom(...tokens)), { minLength: 1, maxLength: 3 }))
  .map(([golden, inserts]) => {
    let bytes = golden;
    for (const [at, token] of inserts) {
      const place = at % (bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from(token), bytes.subarray(place)]);
    }
    return bytes;
  });

/** Frames in Arrow that no encoder made: sound ones with bytes or lengths changed, cut ones, and noise. */
export const hostileArrow: fc.Arbitrary<Buffer> = fc.oneof({ weight: 4, arbitrary: changed(arrows) }, { weight: 3, arbitrary: claiming }, random);

/** The like in JSON. */
export const hostileJson: fc.Arbitrary<Buffer> = fc.oneof({ weight: 2, arbitrary: changed(jsons) }, { weight: 2, arbitrary: spliced }, random);

/** Either JSON of a bounded size, or a FrameError: nothing else may come of Arrow. */
export function arrowIsJsonOrRefused(arrow: Uint8Array, seen: Seen = () => undefined): void {
  const json = orRefused(() => arrowToJson(arrow).json);
  seen(json === undefined ? "FrameError" : "JSON");
  if (json === undefined) return;
  JSON.parse(Buffer.from(json).toString("utf8"));
  assert(json.length < 200 * arrow.length + 10_000, `${json.length} bytes of JSON for ${arrow.length} of Arrow`);
}

/** Both scanners, and what parses for real, agree about JSON; a count of rows is one that the bytes have room for. */
export function jsonIsFrameOrRefused(json: Uint8Array, seen: Seen = () => undefined): void {
  const rows = orRefused(() => scanJsonFrame(json).rows);
  // The twin is only asked about UTF-8.
  const twin = isUtf8(json) ? orRefused(() => scanByTypeScript(json)) : undefined;
  assert.equal(twin, rows);
  if (rows !== undefined) {
    assert(rows <= json.length);
    JSON.parse(Buffer.from(json).toString("utf8"));
  }
  const frame = orRefused(() => jsonToFrame(json));
  seen(frame === undefined ? "FrameError" : "a frame");
  // What was read can be written again, in either form.
  if (frame !== undefined) for (const write of [frameToArrow, frameToJson]) orRefused(() => write(frame));
  assert.deepEqual(Object.keys(Object.prototype), []);
}

/** Undefined when it was refused in the one way that is allowed. */
function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FrameError) return undefined;
    throw error;
  }
}
