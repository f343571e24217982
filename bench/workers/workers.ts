import { admin, call } from "../../conformance/testing/call.js";
import { until } from "../../conformance/testing/until.js";
import { arrowSource, type Way } from "../large-query/contestants.js";
import { loadAnswers } from "../large-query/load-answers.js";
import { atLeast, type Benchmark, type Finding } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { writeResults } from "../measure/results.js";
import type { Contestant } from "../query/contestant.js";
import { startOurServer } from "../query/ours.js";

const connections = 16;
const warmUpSeconds = 3;
/** Of these the first is the one that the others are held to. */
const counts = [1, 2, 0] as const;

interface Contest {
  readonly workers: number;
  readonly server: Contestant;
  readonly way: Way;
  readonly runs: number[];
}

/**
 * The query of 100,000 rows x 4 fields whose plugin sends Arrow, which is printed as JSON: what two workers answer of it beside one, and what
 * the main process alone does. All take turns; nothing but the number of processes is another.
 */
export const benchWorkers: Benchmark = async ({ rounds, seconds, smoke }) => {
  const contests: Contest[] = [];
  try {
    for (const workers of counts) contests.push(await contestOf(workers));
    for (const contest of contests) await answersPerSecond(contest, smoke ? 1 : warmUpSeconds);
    for (let turn = 0; turn < rounds; turn += 1) {
      for (const contest of contests) contest.runs.push(await answersPerSecond(contest, seconds));
    }
    const figures = contests.map(({ workers, runs }) => ({ workers, answersPerSecond: round(median(runs), 1) }));
    console.log(`\nlarge query, Arrow from the plugin, ${connections} connections, median of ${rounds} runs of ${seconds} s`);
    console.table(figures);
    writeResults("workers", { rounds, seconds, connections, figures });
    return findingsOf(figures);
  } finally {
    for (const { server } of contests) await server.stop();
  }
};

async function contestOf(workers: number): Promise<Contest> {
  const server = await startOurServer({ GF_SERVER_WORKERS: String(workers) });
  try {
    if (workers > 0) await until(`${workers} workers serve`, async () => ((await serving(server)) === workers ? true : undefined));
    return { workers, server, way: await arrowSource(server), runs: [] };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function serving({ url }: Contestant): Promise<number> {
  const { text } = await call(new URL("/metrics", url).href, { headers: { authorization: admin } });
  return Number(/^dataplane_workers (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
}

const answersPerSecond = async ({ server, way }: Contest, seconds: number): Promise<number> =>
  (await loadAnswers(server.serverPid, { ...way.asking, connections, seconds })).answersPerSecond;

interface Figure {
  readonly workers: number;
  readonly answersPerSecond: number;
}

function findingsOf(figures: readonly Figure[]): readonly Finding[] {
  const [one, ...others] = figures;
  if (one === undefined) return [];
  return others.map(({ workers, answersPerSecond: ours }) => ({
    work: workers === 0 ? "large query, no worker" : `large query, ${workers} workers`,
    figure: "answers/s",
    ours,
    peer: { name: "1 worker", value: one.answersPerSecond },
    ...(workers === 2 ? { goal: atLeast(1.5) } : {}),
  }));
}
