import { atLeast, atMost, type Benchmark, type Finding, type Goal } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { writeResults } from "../measure/results.js";
import { startWays, type Way, type Ways } from "./contestants.js";
import { type AnswersSeen, loadAnswers } from "./load-answers.js";

/** Goals of the CPU time of the server by connections, as ratios to the stand-in's. */
const cases = [
  { connections: 1, arrowCpu: atMost(0.3), jsonCpu: atMost(0.2) },
  { connections: 16, arrowCpu: atMost(0.4), jsonCpu: atMost(0.2), peak: atMost(0.25) },
] as const;
const warmUpSeconds = 3;

type Figures = AnswersSeen & { readonly name: string };

interface Compared {
  readonly connections: number;
  readonly json: Figures;
  readonly arrow: Figures;
  readonly arrowStream: Figures;
  readonly bareProxy: Figures;
  readonly standIn?: Figures;
}

/**
 * The query of 100,000 rows x 4 fields at 1 and 16 connections: CPU time of the server's process for each answer and its peak of memory,
 * beside the stand-in; and its throughput as Arrow, beside a bare proxy of Node before ready bytes of the same length. All take turns.
 */
export const benchLargeQuery: Benchmark = async ({ rounds, seconds, smoke }) => {
  const ways = await startWays();
  try {
    const findings: Finding[] = [];
    const compared: Compared[] = [];
    for (const { connections, ...goals } of cases) {
      const figures = await compare(ways, { connections, rounds, seconds, warmUp: smoke ? 1 : warmUpSeconds });
      console.log(`\nlarge query, ${connections} at once, median of ${rounds} runs of ${seconds} s`);
      console.table(Object.fromEntries(figuresOf(figures).map(({ name, ...it }) => [name, it])));
      compared.push(figures);
      findings.push(...findingsOf(figures, goals));
    }
    writeResults("large-query", { rounds, seconds, cases: compared });
    return findings;
  } finally {
    await ways.stop();
  }
};

interface Load {
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
}

const keys = ["json", "arrow", "arrowStream", "bareProxy", "standIn"] as const;

async function compare(ways: Ways, { connections, rounds, seconds, warmUp }: Load): Promise<Compared> {
  const seen = keys.flatMap((key) => {
    const way = ways[key];
    return way === undefined ? [] : [{ key, way, runs: [] as AnswersSeen[] }];
  });
  const run = (way: Way, time: number): Promise<AnswersSeen> => loadAnswers(way.serverPid, { ...way.asking, connections, seconds: time });
  for (const { way } of seen) await run(way, warmUp);
  for (let turn = 0; turn < rounds; turn += 1) for (const { way, runs } of seen) runs.push(await run(way, seconds));
  const medians = Object.fromEntries(seen.map(({ key, way, runs }) => [key, mediansOf(way.name, runs)]));
  const { json, arrow, arrowStream, bareProxy, standIn } = medians;
  if (json === undefined || arrow === undefined || arrowStream === undefined || bareProxy === undefined) throw new Error("a way is missing");
  return { connections, json, arrow, arrowStream, bareProxy, ...(standIn === undefined ? {} : { standIn }) };
}

function mediansOf(name: string, runs: readonly AnswersSeen[]): Figures {
  const middle = (figure: keyof AnswersSeen, digits: number): number => round(median(runs.map((it) => it[figure])), digits);
  return {
    name,
    answersPerSecond: middle("answersPerSecond", 1),
    mebibytesPerSecond: middle("mebibytesPerSecond", 1),
    length: middle("length", 0),
    p50Ms: middle("p50Ms", 1),
    cpuMsAnAnswer: middle("cpuMsAnAnswer", 2),
    cpuMsAMebibyte: middle("cpuMsAMebibyte", 2),
    peakMiB: middle("peakMiB", 0),
  };
}

const figuresOf = (compared: Compared): readonly Figures[] => keys.flatMap((key) => compared[key] ?? []);

type Goals = Readonly<Record<"arrowCpu" | "jsonCpu", Goal>> & { readonly peak?: Goal };

function findingsOf({ connections, json, arrow, arrowStream, bareProxy, standIn }: Compared, { arrowCpu, jsonCpu, peak }: Goals): readonly Finding[] {
  const at = `${connections} connection${connections === 1 ? "" : "s"}`;
  const beside = (figure: keyof AnswersSeen, peer: Figures | undefined): Pick<Finding, "peer"> =>
    peer === undefined ? {} : { peer: { name: peer.name, value: peer[figure] } };
  const fromPlugin = [
    { form: "JSON", own: json, goal: jsonCpu },
    { form: "Arrow", own: arrow, goal: arrowCpu },
  ].flatMap(({ form, own, goal }): readonly Finding[] => {
    const work = `large query, ${form} from the plugin, ${at}`;
    return [
      { work, figure: "CPU ms an answer", ours: own.cpuMsAnAnswer, ...beside("cpuMsAnAnswer", standIn), goal },
      { work, figure: "answers/s", ours: own.answersPerSecond, ...beside("answersPerSecond", standIn) },
      ...(peak === undefined ? [] : [{ work, figure: "peak MiB", ours: own.peakMiB, ...beside("peakMiB", standIn), goal: peak }]),
    ];
  });
  const work = `large query, Accept Arrow, ${at}`;
  return [
    ...fromPlugin,
    { work, figure: "answers/s", ours: arrowStream.answersPerSecond, ...beside("answersPerSecond", bareProxy), goal: atLeast(0.8) },
    { work, figure: "CPU ms an answer", ours: arrowStream.cpuMsAnAnswer, ...beside("cpuMsAnAnswer", bareProxy) },
  ];
}
