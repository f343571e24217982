import { Random } from "../testing/random.js";
import { CpuStopwatch } from "./cpu-stopwatch.js";
import { describeRequest, type FuzzRequest } from "./fuzz-request.js";
import { type FuzzAnswer, type FuzzServer, startFuzzServer } from "./fuzz-server.js";
import { anyRequest } from "./requests.js";
import { celsDefinition, definitionsPath, seedObjects, widgetsDefinition } from "./seed-objects.js";

/** More CPU time than this is a hang; the machine's other work does not count. */
const mostCpuMs = 1_000;
/** An answer that does not come for this long will not. */
const mostWaitMs = 15_000;

const allowed: ReadonlySet<number> = new Set([400, 403, 404, 405, 406, 409, 410, 413, 415, 422, 429]);

/** Sends that many requests to a server of its own; throws with the first that breaks what must hold of all. */
export async function playBlock(rounds: number, seed: number, seen: (outcome: string) => void): Promise<void> {
  const random = new Random(seed);
  await using server = await startFuzzServer();
  for (const request of preparation()) await server.call(request);
  const watch = pollutionWatch();
  const stopwatch = new CpuStopwatch();
  for (let round = 0; round < rounds; round += 1) {
    if (round % recreateEvery === 0) for (const request of creations()) await server.call(request);
    const request = anyRequest(random);
    stopwatch.start();
    const answer = await answered(server, request);
    const fault = faultOf(request, answer, stopwatch.leastMs()) ?? watch();
    if (fault !== undefined) throw new Error(`round ${round} of seed ${seed}: ${fault}\n${describeRequest(request)}`);
    seen(`${request.what} ${answer.status}`);
  }
}

/** What was deleted comes back, so that most requests meet an object. */
const recreateEvery = 200;

const posted = (target: string, body: unknown): FuzzRequest => ({
  ...{ what: "", method: "POST", target, body: JSON.stringify(body) },
  headers: { "content-type": "application/json" },
});

const creations = (): readonly FuzzRequest[] => stored.map(({ path, body }) => posted(path, body));
const stored = seedObjects.filter(({ path, onlyDryRun }) => onlyDryRun !== true && !path.includes("reviews"));

const preparation = (): readonly FuzzRequest[] => [
  posted("/api/v1/namespaces", { metadata: { name: "default" } }),
  posted(definitionsPath, widgetsDefinition),
  posted(definitionsPath, celsDefinition([{ rule: "true" }])),
];

async function answered(server: FuzzServer, request: FuzzRequest): Promise<FuzzAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<FuzzAnswer>((resolve) => {
    timer = setTimeout(() => resolve({ status: 0, type: "", text: "", problem: `no answer within ${mostWaitMs} ms` }), mostWaitMs);
  });
  try {
    return await Promise.race([server.call(request), late]);
  } catch (error) {
    return { status: 0, type: "", text: "", problem: error instanceof Error ? String(error.stack) : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

function faultOf({ target }: FuzzRequest, { status, type, text, problem }: FuzzAnswer, spentMs: number): string | undefined {
  if (spentMs > mostCpuMs) return `took ${Math.round(spentMs)} ms of CPU time, answered ${status}`;
  if (problem !== undefined) return `${status} ${problem}`;
  if (status >= 200 && status < 400) return undefined;
  // Who gives a nanosecond gets this.
  if (status === 504 && target.includes("timeout=")) return undefined;
  if (!allowed.has(status)) return `answered ${status} ${text.slice(0, 500)}`;
  if (!type.startsWith("application/json")) return undefined;
  return isStatus(text, status) ? undefined : `answered ${status} without a Status of that code: ${text.slice(0, 500)}`;
}

function isStatus(text: string, status: number): boolean {
  if (text === "") return true;
  const body: unknown = JSON.parse(text);
  return typeof body === "object" && body !== null && "kind" in body && body.kind === "Status" && "code" in body && body.code === status;
}

/** Tells when a prototype that all share is no longer as it was at the call. */
function pollutionWatch(): () => string | undefined {
  const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype, Promise.prototype];
  const own = (): string => prototypes.map((it) => Reflect.ownKeys(it).length).join();
  const before = own();
  return () => (own() === before && !("polluted" in {}) ? undefined : "a prototype was polluted");
}
