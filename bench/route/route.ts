import { type AnswersSeen, loadAnswers } from "../large-query/load-answers.js";
import { atLeast, type Benchmark, type Finding, noMoreThan } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { writeResults } from "../measure/results.js";
import type { Contestant } from "../query/contestant.js";
import { startOurServer } from "../query/ours.js";
import { startBareProxy } from "./bare-node.js";
import { firstByteMs } from "./first-byte.js";

const warmUpSeconds = 2;
const firstBytes = 10;

/** An answer through `…/resources/*`: how long, and how many connections ask for it. */
interface Case {
  readonly name: string;
  readonly bytes: number;
  readonly connections: number;
  /** It is left in the middle: for its readers it has no end. */
  readonly endless?: true;
  /** Whether its pace has a goal: what is small is the concern of the small query. */
  readonly large?: true;
}

const cases: readonly Case[] = [
  { name: "100 bytes", bytes: 100, connections: 1 },
  { name: "100 bytes", bytes: 100, connections: 16 },
  { name: "10 MiB", bytes: 10 << 20, connections: 1, large: true },
  { name: "10 MiB", bytes: 10 << 20, connections: 4, large: true },
  { name: "endless chunks of 64 KiB", bytes: 1 << 30, connections: 1, endless: true, large: true },
];

/** Answers of a plugin beside a bare proxy of Node before a bare backend; in turns, since a machine's noise is larger than most differences. */
export const benchRoute: Benchmark = async ({ rounds, seconds, smoke }) => {
  const ours = await startOurServer();
  const contestants = [{ ...ours, url: ours.url.replace(/\/query$/, "/resources/bytes") }, await startBareProxy()];
  try {
    const findings: Finding[] = [];
    const results: object[] = [];
    for (const one of cases) {
      const [own, bare] = await compare(contestants, one, { rounds, seconds, warmUp: smoke ? 1 : warmUpSeconds });
      if (own === undefined || bare === undefined) throw new Error("two contestants are needed");
      console.log(`\nanswers of ${one.name}, ${one.connections} at once, median of ${rounds} runs of ${seconds} s`);
      console.table({ ours: own, "bare Node proxy": bare });
      results.push({ ...one, ours: own, bare });
      findings.push(...findingsOf(one, own, bare));
    }
    writeResults("route", { rounds, seconds, cases: results });
    return findings;
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
};

interface Figures {
  readonly answersPerSecond: number;
  readonly mebibytesPerSecond: number;
  readonly p50Ms: number;
  readonly firstByteMs: number;
  /** CPU time of the server for each answer, or for each MiB of one without end. */
  readonly cpuMs: number;
}

interface Runs {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
}

async function compare(contestants: readonly Contestant[], one: Case, { rounds, seconds, warmUp }: Runs): Promise<readonly Figures[]> {
  const { bytes, connections, endless = false } = one;
  const seen = contestants.map((it) => ({ it: { ...it, url: `${it.url}/${bytes}` }, runs: [] as AnswersSeen[], first: [] as number[] }));
  const run = ({ url, authorization, serverPid }: Contestant, time: number): Promise<AnswersSeen> =>
    loadAnswers(serverPid, { url, connections, endless, seconds: time, ...(authorization === undefined ? {} : { authorization }) });
  for (const { it } of seen) await run(it, warmUp);
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const { it, runs, first } of seen) {
      for (let ask = 0; ask < firstBytes; ask += 1) first.push(await firstByteMs(it, endless));
      runs.push(await run(it, seconds));
    }
  }
  return seen.map(({ runs, first }) => figuresOf(runs, first, endless));
}

function figuresOf(runs: readonly AnswersSeen[], first: readonly number[], endless: boolean): Figures {
  const middle = (figure: keyof AnswersSeen): number => median(runs.map((it) => it[figure]));
  return {
    answersPerSecond: round(middle("answersPerSecond"), 1),
    mebibytesPerSecond: round(middle("mebibytesPerSecond"), 1),
    p50Ms: round(middle("p50Ms"), 2),
    firstByteMs: round(median(first), 2),
    cpuMs: round(middle(endless ? "cpuMsAMebibyte" : "cpuMsAnAnswer"), 3),
  };
}

function findingsOf({ name, connections, endless, large }: Case, own: Figures, bare: Figures): readonly Finding[] {
  const work = `CallResource, ${name}, ${connections} connection${connections === 1 ? "" : "s"}`;
  const beside = (figure: string, key: keyof Figures): Finding => ({
    work,
    figure,
    ours: own[key],
    peer: { name: "bare Node proxy", value: bare[key] },
  });
  const pace = endless === true ? beside("MiB/s", "mebibytesPerSecond") : beside("answers/s", "answersPerSecond");
  return [
    large === true ? { ...pace, goal: atLeast(0.8) } : pace,
    beside(endless === true ? "CPU ms a MiB" : "CPU ms an answer", "cpuMs"),
    { work, figure: "first byte, ms beyond a bare Node proxy's", ours: round(own.firstByteMs - bare.firstByteMs, 2), goal: noMoreThan(1) },
  ];
}
