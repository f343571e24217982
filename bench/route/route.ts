import { median, round } from "../measure/median.js";
import { writeResults } from "../measure/results.js";
import type { Contestant } from "../query/contestant.js";
import { type Load, load, report } from "../query/load.js";
import { startOurServer } from "../query/ours.js";
import { startBareProxy } from "./bare-node.js";
import { firstByteMs } from "./first-byte.js";

const runs = 5;
const warmUpSeconds = 2;
const runSeconds = 5;
const mebibyte = 1024 * 1024;

/** Bytes of an answer, and how many connections ask for it. */
const cases = [
  { bytes: 100, connections: 1 },
  { bytes: 100, connections: 16 },
  { bytes: 10 * mebibyte, connections: 1 },
  { bytes: 10 * mebibyte, connections: 4 },
] as const;

/** Answers of a plugin through `…/resources/*`, beside a bare proxy of Node; in turns, since a machine's noise is larger than most differences. */
export async function benchRoute(): Promise<void> {
  const ours = await startOurServer();
  const contestants = [{ ...ours, url: ours.url.replace(/\/query$/, "/resources/bytes") }, await startBareProxy()];
  try {
    const results = [];
    for (const one of cases) results.push({ ...one, ...(await compare(contestants, one)) });
    writeResults("route", { runs, runSeconds, cases: results });
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
}

interface Figures {
  readonly requestsPerSecond: number;
  readonly mebibytesPerSecond: number;
  readonly p50Ms: number;
  readonly firstByteMs: number;
  readonly serverCpuMs: number;
}

async function compare(contestants: readonly Contestant[], { bytes, connections }: (typeof cases)[number]): Promise<object> {
  const seen = contestants.map((it) => ({ it: { ...it, url: `${it.url}/${bytes}` }, loads: [] as Load[], first: [] as number[] }));
  for (const { it } of seen) await load(it, connections, warmUpSeconds, report);
  for (let run = 0; run < runs; run += 1) {
    for (const { it, loads, first } of seen) {
      for (let ask = 0; ask < 10; ask += 1) first.push(await firstByteMs(it.url, it.authorization));
      loads.push(await load(it, connections, runSeconds, report));
    }
  }
  const [own, peer] = seen.map(({ loads, first }) => figuresOf(loads, first, bytes));
  if (own === undefined || peer === undefined) throw new Error("two contestants are needed");
  const ratios = {
    requestsPerSecond: round(own.requestsPerSecond / peer.requestsPerSecond, 2),
    p50Ms: round(own.p50Ms / peer.p50Ms, 2),
    serverCpuMs: round(own.serverCpuMs / peer.serverCpuMs, 2),
  };
  console.log(`\nanswers of ${bytes} bytes, ${connections} at once, median of ${runs} runs of ${runSeconds} s`);
  console.table({ ours: own, "bare Node proxy": peer, "ours / bare": ratios });
  return { ours: own, bare: peer, ratios, firstByteMoreMs: round(own.firstByteMs - peer.firstByteMs, 2) };
}

function figuresOf(loads: readonly Load[], first: readonly number[], bytes: number): Figures {
  const middle = (figure: keyof Load): number => median(loads.map((it) => it[figure]));
  return {
    requestsPerSecond: round(middle("requestsPerSecond"), 1),
    mebibytesPerSecond: round((middle("requestsPerSecond") * bytes) / mebibyte, 1),
    p50Ms: round(middle("p50Ms"), 2),
    firstByteMs: round(median(first), 2),
    serverCpuMs: round(middle("serverCpuMs"), 3),
  };
}
