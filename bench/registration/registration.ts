import { setTimeout as sleep } from "node:timers/promises";
import { atMost, type Finding, type Plan } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { writeResults } from "../measure/results.js";
import type { Contestant } from "../query/contestant.js";
import { startOurServer } from "../query/ours.js";
import { standInIsBuilt, startStandIn } from "../query/stand-in.js";
import { registeredMs } from "./register.js";

/** Services of one turn, one after another; each is gone before the next. */
const samplesOfATurn = 20;
/** Roles and discovery follow a service that came or went; that is no part of the next one. */
const settleMs = 300;

/**
 * POST of a DataPlaneService until its route answers a query, by turns with the stand-in. Both write it to their disk, both learn it by a
 * watch of their own API; ours gives its answer when the route is there.
 */
export async function benchRegistration(plan: Plan): Promise<readonly Finding[]> {
  if (!standInIsBuilt()) console.log("the stand-in is not built (bench/peers/grafana-aggregator/build.sh): figures of our own server only");
  const contestants: Contestant[] = [];
  try {
    contestants.push(await startOurServer());
    if (standInIsBuilt()) contestants.push(await startStandIn());
    const seen = new Map<Contestant, number[]>(contestants.map((it) => [it, []]));
    for (const it of contestants) await registeredMs(it, "warm-up");
    for (let turn = 0; turn < plan.rounds; turn += 1) {
      for (const [it, medians] of seen) medians.push(await medianOfATurn(it, turn, plan.smoke ? 3 : samplesOfATurn));
    }
    const figures = Object.fromEntries([...seen].map(([{ name }, medians]) => [name, medians.map((it) => round(it, 2))]));
    console.log("POST of a DataPlaneService until its route answers, ms, medians of the turns:", figures);
    writeResults("registration", { rounds: plan.rounds, samplesOfATurn, mediansOfTurns: figures });
    return [findingOf([...seen])];
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
}

async function medianOfATurn(contestant: Contestant, turn: number, samples: number): Promise<number> {
  const seen: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    await sleep(settleMs);
    seen.push(await registeredMs(contestant, `turn-${turn}-${sample}`));
  }
  return median(seen);
}

function findingOf([ours, peer]: readonly (readonly [Contestant, readonly number[]])[]): Finding {
  const figure = { work: "POST of a DataPlaneService until its route answers", figure: "ms", goal: atMost(1) };
  if (ours === undefined) throw new Error("nobody was measured");
  return {
    ...figure,
    ours: round(median(ours[1]), 2),
    ...(peer === undefined ? {} : { peer: { name: peer[0].name, value: round(median(peer[1]), 2) } }),
  };
}
