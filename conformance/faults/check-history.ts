import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { tools } from "../testing/root.js";

/** What conformance/linearizability says of a history. */
export interface HistoryCheck {
  readonly operations: number;
  readonly changes: number;
  readonly violations: readonly string[];
  /** Keys that porcupine could not decide within its time. */
  readonly undecided: readonly string[];
}

const checker = path.join(tools, "linearizability");

export const hasChecker = (): boolean => existsSync(checker);

/** Rejects when the checker cannot read the file. */
export function checkHistory(file: string): Promise<HistoryCheck> {
  return new Promise((resolve, reject) => {
    execFile(checker, ["-timeout=3m", file], { maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      // Violations end it with a code of their own, and are told on stdout too.
      if (stdout === "") reject(new Error(`the checker: ${stderr}`, { cause: error }));
      else resolve(JSON.parse(stdout) as HistoryCheck);
    });
  });
}
