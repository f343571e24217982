import fc from "fast-check";
import type { Field, FieldType, FieldValue, Frame } from "../frame.js";

const integer = (min: number, max: number): fc.Arbitrary<FieldValue> => fc.integer({ min, max });
const text = fc.string({ unit: "binary", maxLength: 24 });

const VALUES: Readonly<Record<FieldType, fc.Arbitrary<FieldValue>>> = {
  int8: integer(-128, 127),
  int16: integer(-32768, 32767),
  int32: integer(-(2 ** 31), 2 ** 31 - 1),
  int64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  uint8: integer(0, 255),
  uint16: integer(0, 65535),
  uint32: integer(0, 2 ** 32 - 1),
  uint64: fc.bigInt(0n, 2n ** 64n - 1n),
  float32: fc.float(),
  float64: fc.double(),
  string: text,
  bool: fc.boolean(),
  time: fc.oneof(
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    fc.bigInt(-1_000_000n, 1_000_000n).map((ms) => ms * 1_000_000n),
  ),
  json: fc.json({ maxDepth: 2 }),
  enum: integer(0, 65535),
};

const TYPES = Object.keys(VALUES).filter((name): name is FieldType => name in VALUES);
const labels = fc.dictionary(text, text, { maxKeys: 4 });
const config = fc.record({ unit: text, displayName: text, custom: fc.dictionary(text, fc.double({ noNaN: true })) }, { requiredKeys: [] });
const meta = fc.record({ type: text, executedQueryString: text, custom: fc.jsonValue({ maxDepth: 2 }), foreign: fc.boolean() }, { requiredKeys: [] });

function arbitraryField(rows: number): fc.Arbitrary<Field> {
  return fc.tuple(fc.constantFrom(...TYPES), fc.boolean()).chain(([type, nullable]) => {
    const value = nullable ? fc.option(VALUES[type]) : VALUES[type];
    return fc.record(
      {
        name: text,
        type: fc.constant(type),
        nullable: fc.constant(nullable),
        values: fc.array(value, { minLength: rows, maxLength: rows }),
        labels,
        config,
      },
      { requiredKeys: ["name", "type", "nullable", "values"] },
    );
  });
}

/** Frames of any types, up to `maxRows` rows. */
export function arbitraryFrame(maxRows: number): fc.Arbitrary<Frame> {
  return fc
    .nat(maxRows)
    .chain((rows) =>
      fc.record({ name: text, refId: text, meta, fields: fc.array(arbitraryField(rows), { maxLength: 5 }) }, { requiredKeys: ["fields"] }),
    );
}
