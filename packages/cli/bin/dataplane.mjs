#!/usr/bin/env node
// The command `dataplane`: the server is the server's own main, everything else is this package's.
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/[\\/]$/, "");
const argv = process.argv.slice(2);
const server = new Set(["serve", "users", "certs", "keys", "storage", "--version", "-v"]);

if (argv.length === 0 || server.has(argv[0]) || argv[0].startsWith("cfg:")) {
  await import("../../../tools/serve.mjs");
} else {
  const { runCommand } = await import("../dist/index.js");
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("interrupted")));
  process.exitCode = await runCommand(argv, {
    stdout: (line) => process.stdout.write(`${line}\n`),
    stderr: (line) => process.stderr.write(`${line}\n`),
    env: process.env,
    cwd: process.cwd(),
    root,
    signal: stop.signal,
  });
}
