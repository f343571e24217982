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

test("a target is the key of that name, and comes last", () => {
  expect(parseCommandLine(["serve", "--target=aggregator", "cfg:server.target=all"])).toMatchObject({
    name: "serve",
    overrides: ["server.target=all", "server.target=aggregator"],
  });
  expect(parseCommandLine(["--target", "apiserver"])).toMatchObject({ overrides: ["server.target=apiserver"] });
});

test("a password is changed for a named user", () => {
  expect(parseCommandLine(["users", "passwd", "admin"])).toMatchObject({ name: "users passwd", user: "admin" });
});

test("users are added with groups, removed and listed", () => {
  expect(parseCommandLine(["users", "add", "vic"])).toMatchObject({ name: "users add", user: "vic", groups: ["dataplane:viewer"] });
  const added = parseCommandLine(["users", "add", "eve", "--groups", "dataplane:editor,on-call"]);
  expect(added).toMatchObject({ groups: ["dataplane:editor", "on-call"] });
  expect(parseCommandLine(["users", "remove", "eve"])).toMatchObject({ name: "users remove", user: "eve" });
  expect(parseCommandLine(["users", "ls"])).toMatchObject({ name: "users ls" });
});

test("a certificate is issued for a user, groups and days", () => {
  const issued = parseCommandLine(["certs", "issue", "ann", "--groups", "dataplane:editor,dev", "--days", "7"]);
  expect(issued).toMatchObject({ name: "certs issue", user: "ann", groups: ["dataplane:editor", "dev"], days: 7 });
  expect(parseCommandLine(["certs", "issue", "ann"])).toMatchObject({ groups: ["dataplane:viewer"], days: 365 });
});

test.each([
  [["certs", "issue"]],
  [["certs", "ls"]],
  [["nonsense"]],
  [["users", "add"]],
  [["users", "ls", "x"]],
  [["users", "remove", "a", "b"]],
  [["users", "passwd"]],
  [["--nope"]],
  [["--config"]],
  [["users", "ls", "--target", "aggregator"]],
])("%j is refused", (argv) => {
  expect(() => parseCommandLine(argv)).toThrow(UsageError);
});
