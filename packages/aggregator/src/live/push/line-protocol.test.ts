import { expect, test } from "vitest";
import { type Point, parseLineProtocol } from "./line-protocol.js";

const shown = ({ measurement, tags, fields, time }: Point) => ({
  measurement,
  tags: Object.fromEntries(tags),
  fields: Object.fromEntries([...fields].map(([name, { type, value }]) => [name, `${type} ${String(value)}`])),
  time,
});

test("a line has tags, fields of each type, and a time", () => {
  const [point, ...rest] = parseLineProtocol(
    'cpu,host=a,zone=b f=1.5,e=-1e3,i=-7i,u=18446744073709551615u,s="x y",t=T,no=false 1700000000000000001\n',
  );
  expect(rest).toEqual([]);
  expect(point && shown(point)).toEqual({
    measurement: "cpu",
    tags: { host: "a", zone: "b" },
    fields: {
      f: "float64 1.5",
      e: "float64 -1000",
      i: "int64 -7",
      u: "uint64 18446744073709551615",
      s: "string x y",
      t: "bool true",
      no: "bool false",
    },
    time: 1_700_000_000_000_000_001n,
  });
});

test.each([
  [String.raw`my\ m\,x,a\ b\=c=d\,\ e f\ g=1`, { measurement: "my m,x", tags: { "a b=c": "d, e" }, fields: { "f g": "float64 1" } }],
  [String.raw`m,a=C:\dir f="a\"b\\c\n"`, { measurement: "m", tags: { a: String.raw`C:\dir` }, fields: { f: String.raw`string a"b\c\n` } }],
  [String.raw`m f="two` + '\nlines, and=1"', { measurement: "m", tags: {}, fields: { f: "string two\nlines, and=1" } }],
  ["m f=1,g=2   ", { measurement: "m", tags: {}, fields: { f: "float64 1", g: "float64 2" } }],
  ["méasure,täg=日本 f=.5", { measurement: "méasure", tags: { täg: "日本" }, fields: { f: "float64 0.5" } }],
  ["__proto__,__proto__=a f=1", { measurement: "__proto__", fields: { f: "float64 1" } }],
])("escapes: %s", (line, expected) => {
  expect(parseLineProtocol(line).map(shown)).toMatchObject([expected]);
});

test("empty lines and comments are passed over, whatever ends a line", () => {
  const text = "# a comment f=1\r\n\r\n  a f=1 1\r\nb f=2 2\n\n#\nc f=3";
  expect(parseLineProtocol(text).map(({ measurement, time }) => [measurement, time])).toEqual([
    ["a", 1n],
    ["b", 2n],
    ["c", undefined],
  ]);
  expect(parseLineProtocol("")).toEqual([]);
});

test.each([
  ["m", /line 1 .*no " "/],
  ["m ", /no key of a field/],
  ["ok f=1\nm f", /line 2 .*no "="/],
  ["m f=", /no number/],
  ["m f=abc", /no number/],
  ["m f=1e999", /no number/],
  ["m f=NaN", /no number/],
  ["m f=1,", /no key of a field/],
  ["m,a f=1", /no "="/],
  ["m,a= f=1", /no value of a tag/],
  [",a=b f=1", /no measurement/],
  ["m f=9223372036854775808i", /64 bits/],
  [`m f=${"9".repeat(10_000)}u`, /64 bits/],
  ["m f=-1u", /no number/],
  ['m f="open', /no end/],
  ['m f="a"b', /timestamp/],
  ["m f=1 12.5", /timestamp/],
  ["m f=1 12 13", /follows the timestamp/],
])("%s is refused, with its line", (text, message) => {
  expect(() => parseLineProtocol(text)).toThrow(expect.objectContaining({ code: 400, message: expect.stringMatching(message) as string }));
});

test("a megabyte of anything takes no long time", () => {
  const before = process.cpuUsage();
  for (const text of ["\\", "a", ",", "9", '"', " ", "=", "\n"]) {
    try {
      parseLineProtocol(`m f=${text.repeat(1_000_000)}`);
    } catch {
      // Whether it is one is not asked here.
    }
  }
  // What grows with the square of the length takes hours.
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(15_000);
});
