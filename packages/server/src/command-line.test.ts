import { expect, test } from "vitest";
import { parseCommandLine, UsageError } from "./command-line.js";

test("no words mean serve, with its configuration", () => {
  expect(parseCommandLine([])).toEqual({ name: "serve", config: undefined, overrides: [] });
  expect(parseCommandLine(["serve", "--config", "x.ini", "cfg:server.http_port=0"])).toEqual({
    name: "serve",
    config: "x.ini",
    overrides: ["server.http_port=0"],
  });
});

test("a password is changed for a named user", () => {
  expect(parseCommandLine(["users", "passwd", "admin"])).toMatchObject({ name: "users passwd", user: "admin" });
});

test.each([[["nonsense"]], [["users", "passwd"]], [["--nope"]], [["--config"]]])("%j is refused", (argv) => {
  expect(() => parseCommandLine(argv)).toThrow(UsageError);
});
