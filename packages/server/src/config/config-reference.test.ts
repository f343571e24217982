import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configReference, defaultsIni } from "./config-reference.js";
import { parseIni } from "./ini.js";
import { settings } from "./settings.js";

const repositoryFile = (name: string): string => readFileSync(new URL(`../../../../${name}`, import.meta.url), "utf8");

/** In the order of the files: one section after another, though several parts of the server may have keys in it. */
const declaredSettings = [...new Set(Object.values(settings).map(({ section }) => section))].flatMap((name) =>
  Object.values(settings).filter(({ section }) => section === name),
);

test("keys declared, keys of conf/defaults.ini and keys of the reference are the same", () => {
  const declared = declaredSettings.map(({ section, key }) => `${section}.${key}`);
  const inDefaults = parseIni(repositoryFile("conf/defaults.ini"), "conf/defaults.ini").map(({ section, key }) => `${section}.${key}`);
  expect(inDefaults).toEqual(declared);
  const rows = repositoryFile("docs/configuration.md").match(/^\| `[^`]+` \|/gm) ?? [];
  expect(rows.map((row) => row.slice(3, -3))).toEqual(declaredSettings.map(({ key }) => key));
});

test("the committed files are what the declarations make", () => {
  expect(repositoryFile("conf/defaults.ini")).toBe(defaultsIni());
  expect(repositoryFile("docs/configuration.md")).toBe(configReference());
});
