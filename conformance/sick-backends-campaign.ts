// `npx tsx conformance/sick-backends-campaign.ts [ROUNDS [SICKNESS...]]`: each kind of sick server behind an APIService (or those named),
// 20 times unless told. Prints one line a kind, medians of milliseconds, and what broke a promise; ends with 1 when something did.

import { median, othersVerdict } from "./sick-backends/others.js";
import { sicknesses } from "./sick-backends/sick-backend.js";
import { openSickBed } from "./sick-backends/sick-bed.js";
import { type Round, sickRound } from "./sick-backends/sick-round.js";

const rounds = Number(process.argv[2] ?? 20);
const chosen = process.argv.slice(3);
const promised = 0.05;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const bed = await openSickBed();
let broken = 0;

for (const sickness of sicknesses.filter((it) => chosen.length === 0 || chosen.includes(it))) {
  const seen: Round[] = [];
  for (let index = 0; index < rounds; index++) seen.push(await sickRound(sickness, bed));
  const of = (key: "noticed" | "discovery" | "healed"): number => median(seen.map((it) => it[key]));
  const { well, sick, more, noise } = othersVerdict(seen.map(({ others }) => others));
  // What a machine's own unrest hides cannot be told from it: the line says so.
  const allowed = Math.max(promised, noise);
  const problems = [
    ...(seen.every(({ own }) => own === 503) ? [] : ["a request for its own kind was not 503"]),
    ...(of("discovery") <= 100 ? [] : ["/apis takes more than 100 ms"]),
    ...(Math.max(...seen.map(({ noticed }) => noticed)) <= 5_000 ? [] : ["it was not noticed within 5 s each time"]),
    ...(Math.max(...seen.map(({ healed }) => healed)) <= 5_000 ? [] : ["it was not back within 5 s each time"]),
    ...(more <= allowed ? [] : [`others' p99 grew by more than ${percent(allowed)}`]),
  ];
  broken += problems.length;
  const figures = (["noticed", "discovery", "healed"] as const).map((key) => `${key} ${of(key).toFixed(1)}`).join(", ");
  const unrest = noise > promised ? `, judged against the machine's own noise of ${percent(noise)}` : `, noise ${percent(noise)}`;
  const others = `others' p99 ${sick.toFixed(2)} against ${well.toFixed(2)} (${more < 0 ? "" : "+"}${percent(more)}${unrest})`;
  console.log(`${sickness}: ${figures}, ${others}${problems.map((it) => `; ${it}`).join("")}`);
}
await bed.close();
console.log(broken === 0 ? "no promise was broken" : `${broken} promises were broken`);
process.exit(broken === 0 ? 0 : 1);
