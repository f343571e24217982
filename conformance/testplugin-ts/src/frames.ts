import {
  type Field,
  type FieldType,
  type FieldValue,
  type Frame,
  frame,
  integerField,
  numberField,
  stringField,
  timeField,
} from "@dataplane/plugin-sdk";

/** The time of row 0 in every frame: 2024-01-01T00:00:00Z. */
export const epoch = 1_704_067_200_000;

/** Rows one second apart: time, a ramp and, when wide, a number with many digits and one of 100 host names. */
export function numbers(name: string, rows: number, wide: boolean): Frame {
  const indices = Array.from({ length: rows }, (_, at) => at);
  const time = timeField(
    "time",
    indices.map((index) => epoch + index * 1000),
  );
  const value = numberField(
    "value",
    indices.map((index) => index / 2),
  );
  if (!wide) return frame({ name, fields: [time, value] });
  const ratio = numberField(
    "ratio",
    indices.map((index) => ((index * 7919) % 10_007) / 10_007),
  );
  const host = stringField(
    "host",
    indices.map((index) => `host-${String(index % 100).padStart(3, "0")}`),
  );
  return frame({ name, fields: [time, value, ratio, host] });
}

/** Time and value from row `first` on. */
export function rowsFrom(name: string, first: number, rows: number): Frame {
  const indices = Array.from({ length: rows }, (_, at) => first + at);
  return frame({
    name,
    fields: [
      timeField(
        "time",
        indices.map((index) => epoch + index * 1000),
      ),
      integerField("value", indices),
    ],
  });
}

const start = BigInt(epoch) * 1_000_000n;
const later = start + 123_456_789n;

/** Each type with two values that are hard to write, and the value that stands beside a null. */
const hardValues: readonly (readonly [FieldType, readonly FieldValue[], FieldValue])[] = [
  ["time", [start, later], later],
  ["int8", [-128, 127], -128],
  ["int16", [-32_768, 32_767], 32_767],
  ["int32", [-2_147_483_648, 2_147_483_647], 2_147_483_647],
  ["int64", [-(2n ** 63n), 2n ** 63n - 1n], 2n ** 53n + 1n],
  ["uint8", [0, 255], 255],
  ["uint16", [0, 65_535], 65_535],
  ["uint32", [0, 4_294_967_295], 4_294_967_295],
  ["uint64", [0n, 2n ** 64n - 1n], 2n ** 64n - 1n],
  ["float32", [Number.POSITIVE_INFINITY, 0.1], Number.NaN],
  ["float64", [Number.NaN, Number.NEGATIVE_INFINITY], 1e-7],
  ["string", ['<a href="x">\u2028\\', "käse 🧀\0"], ""],
  ["bool", [true, false], false],
  ["json", ['{"a":[1,2.5,null]}', '"<&>"'], "[]"],
  ["enum", [0, 1], 1],
];

const marked: Pick<Field, "labels" | "config"> = {
  labels: { b: "2", a: "<1>" },
  config: {
    displayNameFromDS: "Größe",
    unit: "bytes",
    custom: { k: 1.5 },
    links: [{ title: "t", url: "https://example.com/?a=b&c=d" }],
  },
};

/** Every type of field with and without nulls; a frame without fields; one without rows. */
export function typesFrames(): readonly Frame[] {
  const fields = hardValues.flatMap(([type, values, besideNull]): Field[] => [
    { name: type, type, nullable: false, values, ...(type === "float32" ? marked : {}) },
    { name: `${type}?`, type, nullable: true, values: [besideNull, null] },
  ]);
  const meta = {
    type: "table",
    typeVersion: [0, 1],
    executedQueryString: "select <1>",
    custom: { z: [1] },
    notices: [{ severity: "warning", text: "careful" }],
    stats: [{ displayName: "rows", value: 2 }],
  };
  return [
    frame({ name: "types", meta, fields }),
    frame({ name: "empty", fields: [] }),
    frame({ name: "no rows", fields: [numberField("value", [])] }),
  ];
}
