// Plays all sequences against a real kube-apiserver and writes what it said:
//   npx tsx conformance/kube-apiserver/record.ts URL CA-FILE TOKEN
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gadgetCrd } from "./gadget-crd.js";
import { play, type Target } from "./play.js";
import { sequences } from "./sequences.js";

const [url, caFile, token] = process.argv.slice(2);
if (url === undefined || caFile === undefined || token === undefined) throw new Error("usage: record.ts URL CA-FILE TOKEN");
const target: Target = { url, headers: { authorization: `Bearer ${token}` }, ca: readFileSync(caFile, "utf8") };

await play(target, [{ method: "POST", path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body: gadgetCrd }]);
await new Promise((resolve) => setTimeout(resolve, 2_000));
const lines: string[] = [];
for (const { name, steps } of sequences()) {
  const answers = await play(target, steps);
  steps.forEach((step, index) => lines.push(JSON.stringify({ sequence: name, step, answer: answers[index] })));
}
writeFileSync(path.join(import.meta.dirname, "recorded.jsonl"), `${lines.join("\n")}\n`);
console.log(`recorded ${String(lines.length)} answers`);
