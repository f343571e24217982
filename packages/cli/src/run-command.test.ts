import { expect, test } from "vitest";
import { commands } from "./commands.js";
import { runCli } from "./testing/run-cli.js";

test("without a command, and with --help, every command is told with its parameters", async () => {
  const bare = await runCli("/", []);
  const help = await runCli("/", ["--help"]);
  expect([bare.code, help.code]).toEqual([0, 0]);
  expect(help.stdout).toEqual(bare.stderr);
  for (const { name, parameters, summary } of commands) expect(help.stdout.join("\n")).toContain(`dataplane ${name} ${parameters}\n      ${summary}`);
});

test("one command, or a group of them, tells of itself alone", async () => {
  const one = await runCli("/", ["plugins", "test", "--help"]);
  expect([one.code, one.stdout.join()]).toEqual([0, expect.stringMatching(/^ {2}dataplane plugins test /)]);
  const group = await runCli("/", ["plugins"]);
  expect([group.code, group.stderr.join()]).toEqual([2, expect.stringContaining("plugins sign")]);
  expect(group.stderr.join()).not.toContain("create plugin");
});

test("what is no command is exit code 2, and so are options that it has not", async () => {
  expect((await runCli("/", ["fly"])).code).toBe(2);
  const run = await runCli("/", ["plugins", "test", "x", "--no-such-option"]);
  expect([run.code, run.stderr.at(-1)]).toEqual([2, expect.stringContaining("Usage: dataplane plugins test")]);
});

test("each command has a name of its own, and takes the options that it tells of", () => {
  expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
  for (const { name, options = {}, parameters } of commands) {
    for (const [, option = ""] of parameters.matchAll(/--([a-z-]+)/g)) expect(Object.keys(options), name).toContain(option);
  }
});
