// Writes all cases, one a line, for the recorder in conformance/schema-validation:
//   npx tsx --conditions=source packages/apiserver/src/schema/testing/write-cases.ts FILE
import { writeFileSync } from "node:fs";
import process from "node:process";
import { keywordCases } from "./keyword-cases.js";
import { levelCases } from "./level-cases.js";
import { ruleCases } from "./rule-cases.js";

const [, , file] = process.argv;
if (file === undefined) throw new Error("usage: write-cases.ts FILE");
writeFileSync(file, [...ruleCases, ...levelCases, ...keywordCases].map((it) => `${JSON.stringify(it)}\n`).join(""));
