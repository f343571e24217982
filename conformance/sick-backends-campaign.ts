// `npx tsx conformance/sick-backends-campaign.ts [ROUNDS [SICKNESS...]]`: each kind of sick server behind an APIService (or those named),
// 20 times unless told. Prints one line a kind, medians of milliseconds, and what broke a promise; ends with 1 when something did.

import { sicknesses } from "./sick-backends/sick-backend.js";
import { openSickBed } from "./sick-backends/sick-bed.js";
import { othersP99, type Round, sickRound } from "./sick-backends/sick-round.js";

const rounds = Number(process.argv[2] ?? 20);
const chosen = process.argv.slice(3);
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const bed = await openSickBed();
let broken = 0;

for (const sickness of sicknesses.filter((it) => chosen.length === 0 || chosen.includes(it))) {
  const seen: Round[] = [];
  const before: number[] = [];
  for (let index = 0; index < rounds; index++) {
    before.push(await othersP99(bed.url));
    seen.push(await sickRound(sickness, bed));
  }
  const of = (key: keyof Round): number => median(seen.map((it) => it[key]));
  const ratio = of("others") / median(before);
  const problems = [
    ...(seen.every(({ own }) => own === 503) ? [] : ["a request for its own kind was not 503"]),
    ...(of("discovery") <= 100 ? [] : ["/apis takes more than 100 ms"]),
    ...(Math.max(...seen.map(({ healed }) => healed)) <= 5_000 ? [] : ["it was not back within 5 s each time"]),
    ...(ratio <= 1.05 ? [] : ["others' p99 grew by more than 5 %"]),
  ];
  broken += problems.length;
  const figures = (["noticed", "discovery", "others", "healed"] as const).map((key) => `${key} ${of(key).toFixed(1)}`).join(", ");
  console.log(`${sickness}: ${figures}, others before ${median(before).toFixed(1)} (${ratio.toFixed(2)})${problems.map((it) => `; ${it}`).join("")}`);
}
await bed.close();
console.log(broken === 0 ? "no promise was broken" : `${broken} promises were broken`);
process.exit(broken === 0 ? 0 : 1);
