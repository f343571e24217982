import { appendFileSync } from "node:fs";
import path from "node:path";
import type { Finding, Plan } from "./finding.js";
import { circumstances, resultsFolder } from "./results.js";

/** One line for one run, so that what a commit changed can be looked up: its circumstances, its plan, and all its findings. */
export function appendHistory({ rounds, seconds }: Plan, findings: readonly Finding[]): void {
  const file = path.join(resultsFolder(), "history.jsonl");
  appendFileSync(file, `${JSON.stringify({ ...circumstances(), rounds, seconds, findings })}\n`);
  console.log(`appended: ${path.relative(process.cwd(), file)}`);
}
