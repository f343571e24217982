import { expect, test } from "vitest";
import { IniError, parseIni } from "./ini.js";

const values = (text: string) => Object.fromEntries(parseIni(text, "f").map(({ section, key, value }) => [`${section}/${key}`, value]));

test("sections keep their dots, comments are dropped, values keep ; and # inside a word", () => {
  expect(values("a = 1\n[auth.google]\n# c\n; c\npass=a;b#c\nother = x ; comment\nempty =\n")).toEqual({
    "/a": "1",
    "auth.google/pass": "a;b#c",
    "auth.google/other": "x",
    "auth.google/empty": "",
  });
});

test("quotes protect a value, three of them over several lines", () => {
  expect(values('[s]\na = " x # y "\nb = `q;`\nc = """one\n# two"""\nd = 1')).toEqual({
    "s/a": " x # y ",
    "s/b": "q;",
    "s/c": "one\n# two",
    "s/d": "1",
  });
});

test("a line that is nothing is named", () => {
  expect(() => parseIni("[s]\nwhat", "f")).toThrow(new IniError('f:2: expected "key = value", found "what"'));
  expect(() => parseIni("[s\n", "f")).toThrow("f:1");
  expect(() => parseIni('a = """x', "f")).toThrow('closing """');
});
