import fc from "fast-check";
import { expect, test } from "vitest";
import { type Escape, escaped, placesFor } from "./escapes.js";

const where = (escape: Escape, text: string) => {
  const found = placesFor(escape, text)(text.indexOf("${"));
  return typeof found === "object" ? "doubt" : (found ?? "none");
};

test.each([
  ['up{job="${p}"}', '"'],
  ["up{job='${p}'}", "'"],
  ["up{job=`${p}`}", "`"],
  ['"a" ${p}', "none"],
  ['"a\\" ${p}"', '"'],
  ['"a\\\\" ${p}"', "none"],
  ["`a\\` ${p}", "none"],
  ['"it\'s" + "${p}"', '"'],
  ['# it\'s a comment\nup{job="${p}"}', '"'],
  ['up # "${p}"', "none"],
  ['up{a="#", job="${p}"}', '"'],
  ['up{job="${p}', "none"],
  ['up{job="\\${p}"}', "doubt"],
  ['up{job="\\\\${p}"}', '"'],
])("in PromQL the quote that a place is in is known: %s", (text, quote) => {
  expect(where("promql-string", text)).toBe(quote);
});

test.each([
  ["WHERE a = '${p}'", "'"],
  ["WHERE a = 'it''s ${p}'", "'"],
  ["WHERE \"o'clock\" = '${p}'", "'"],
  ["WHERE `o'clock` = '${p}'", "'"],
  ["WHERE a = ${p}", "none"],
  ["WHERE a = 'x' OR ${p}", "none"],
  ["WHERE a = '${p}", "none"],
  // Comments that every database takes for one.
  ["SELECT 1 -- it's\nWHERE a = '${p}'", "'"],
  ["SELECT 1 -- it's ' ${p}", "none"],
  ["SELECT 1 --\n, '${p}'", "'"],
  ["/* it's */ SELECT '${p}'", "'"],
  ["/* a ' b */ SELECT ${p} '", "none"],
  ["SELECT '-- no comment' || '/* nor this' || '${p}'", "'"],
  ["SELECT 2 - 1, 4 / 2, '${p}'", "'"],
  ["/* never ended ' ${p}", "none"],
  // Where databases differ, and it makes no difference.
  ["SELECT 1 # plain words\nWHERE a = '${p}'", "'"],
  ["SELECT 1 --plain words\nWHERE a = '${p}'", "'"],
  ["/*! STRAIGHT_JOIN */ SELECT '${p}'", "'"],
  ["/*+ INDEX(t 'i') */ SELECT '${p}'", "'"],
  ["SELECT a[1], ARRAY['x', '${p}']", "'"],
  ["SELECT [a b] WHERE c = '${p}'", "'"],
  ["WHERE $__timeFilter(t) AND a > $__from AND b = '${p}'", "'"],
  ["WHERE a = 'c:\\\\' AND b = '${p}'", "'"],
  // Where it does.
  ["SELECT 1 # it's\nWHERE a = '${p}'", "doubt"],
  ["SELECT b #>> '{a}' WHERE a = '${p}'", "doubt"],
  ["SELECT 1--'\nWHERE a = '${p}'", "doubt"],
  ["/*! it's */ SELECT '${p}'", "doubt"],
  ["/*M! it's */ SELECT '${p}'", "doubt"],
  ["/* a /* b */ it's */ SELECT '${p}'", "doubt"],
  ["SELECT $$it's$$, '${p}'", "doubt"],
  ["SELECT $a$ ' $a$, '${p}'", "doubt"],
  ["SELECT [it's] WHERE a = '${p}'", "doubt"],
  ["WHERE a = '\\' AND b = '${p}'", "doubt"],
  ["WHERE a = 'it\\'s' AND b = '${p}'", "doubt"],
  ["WHERE a = '\\${p}'", "doubt"],
  ["SELECT '''${p}'''", "doubt"],
  ["SELECT q'[it's]', '${p}'", "doubt"],
  // What comes later says nothing of what was before.
  ["WHERE a = '${p}' # it's", "'"],
])("in SQL it is known, or said to be uncertain: %s", (text, quote) => {
  expect(where("sql-string", text)).toBe(quote);
});

interface Reading {
  readonly hash: boolean;
  readonly tightDashes: boolean;
  readonly nested: boolean;
  readonly backslash: boolean;
}

const readings: readonly Reading[] = [0, 1, 2, 3].flatMap((bits) =>
  [true, false].flatMap((nested) => [true, false].map((backslash) => ({ hash: (bits & 1) > 0, tightDashes: (bits & 2) > 0, nested, backslash }))),
);

function commentLength(rest: string, nested: boolean): number {
  let depth = 0;
  let at = 0;
  do {
    const found = /\/\*|\*\//.exec(rest.slice(at));
    if (found === null) return rest.length;
    at += found.index + 2;
    if (found[0] === "*/") depth -= 1;
    else if (nested || depth === 0) depth += 1;
    // What opens nothing may be half of what closes.
    else at -= 1;
  } while (depth > 0);
  return at;
}

const plainStrings = [/^'((?:''|[^'])*)/, /^"((?:""|[^"])*)/, /^`((?:``|[^`])*)/];
const backslashStrings = [/^'((?:\\[^]|''|[^'])*)/, /^"((?:\\[^]|""|[^"])*)/, /^`((?:\\[^]|``|[^`])*)/];
const lineComments = { tight: /^--[^\n]*/, loose: /^--(?=\s|$)[^\n]*/, hash: /^#[^\n]*/ };

/** The strings of a text as one database reads it, one that nothing ends too. */
function read(text: string, { hash, tightDashes, nested, backslash }: Reading): readonly string[] {
  const strings: string[] = [];
  const comments = [tightDashes ? lineComments.tight : lineComments.loose, ...(hash ? [lineComments.hash] : [])];
  for (let rest = text; rest !== ""; ) {
    const string = (backslash ? backslashStrings : plainStrings).flatMap((it) => it.exec(rest) ?? []);
    const [whole, inside] = string;
    if (whole !== undefined && inside !== undefined) strings.push(inside.replaceAll(whole.slice(0, 1).repeat(2), whole.slice(0, 1)));
    const comment = comments.flatMap((it) => it.exec(rest) ?? [])[0]?.length;
    const other = rest.startsWith("/*") ? commentLength(rest, nested) : (comment ?? 1);
    rest = rest.slice(whole === undefined ? other : whole.length + 1);
  }
  return strings;
}

test("whatever the author wrote and whatever the value: a place that is taken stays one string, as every database reads it", () => {
  const pieces = ["'", '"', "`", "''", "-- ", "--", "#", "/*", "*/", "\\", "\n", "a", " ", "= ", "'x'", "-- it's\n", "/* it's */", "E'"];
  const author = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((it) => it.join(""));
  let taken = 0;
  fc.assert(
    fc.property(author, author, fc.string({ unit: fc.constantFrom("'", '"', "-", "#", "/", "*", "\n", "a", " ", ";") }), (before, after, value) => {
      const text = `${before}\${p}${after}`;
      if (placesFor("sql-string", text)(before.length) !== "'") return;
      taken += 1;
      const written = escaped(value, "sql-string") ?? "";
      for (const reading of readings) {
        const one = read(`${before}MARK${after}`, reading);
        const other = read(`${before}${written}${after}`, reading);
        expect(other).toEqual(one.map((it) => it.replace("MARK", () => value)));
        expect(one.join("\n")).toContain("MARK");
      }
    }),
    { numRuns: 20_000 },
  );
  expect(taken).toBeGreaterThan(500);
});

test("three megabytes of placeholders are read in one go", () => {
  const text = `'${"${p}".repeat(750_000)}'`;
  const places = placesFor("sql-string", text);
  expect([places(1), places(text.length - 5), places(text.length)]).toEqual(["'", "'", undefined]);
});
