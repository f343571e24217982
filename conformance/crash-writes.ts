// Kills the whole server by SIGKILL, again and again, while objects are written through the API, and looks after each restart for what
// was acknowledged. 100 kills by hand, a short campaign in the tests:
//
//   npx tsx conformance/crash-writes.ts [KILLS] [sqlite|postgres|mysql|etcd]
import { rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type EngineName, engineNames, openDatabase } from "./faults/engine.js";
import { call, type Json } from "./testing/call.js";
import { type StartedServer, startServer, temporaryFolder } from "./testing/start-server.js";

export interface CrashReport {
  readonly kills: number;
  readonly acknowledged: number;
  /** Acknowledged writes that were not there after the restart. */
  readonly lost: readonly string[];
  /** Revisions that two writes got. */
  readonly reused: readonly string[];
}

interface Acknowledged {
  readonly name: string;
  readonly revision: bigint;
  /** What was written. */
  readonly title: string;
}

const writers = 8;
const collection = "/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources";

/** Each run starts the server on the same data, checks what the run before was told, and kills it at another moment. Rejects where the engine is not installed. */
export async function runCrashCampaign(kills: number, engine: EngineName = "sqlite"): Promise<CrashReport> {
  const database = await openDatabase(engine);
  if (database === undefined) throw new Error(`${engine} is not installed`);
  const dataPath = temporaryFolder("crash");
  const start = (): Promise<StartedServer> => startServer({ dataPath, env: database.environment(undefined), readyWithinMs: 120_000 });
  const latest = new Map<string, Acknowledged>();
  const revisions = new Set<bigint>();
  const lost: string[] = [];
  const reused: string[] = [];
  let acknowledged = 0;
  try {
    for (let run = 0; run <= kills; run += 1) {
      const server = await start();
      lost.push(...(await missing(server, latest)));
      if (run === kills) {
        await server.stop();
        break;
      }
      // Spread over the run, so that each part of a write is hit.
      const written = await writeUntilKilled(server, { run, killAfter: 1 + ((run * 7919) % 150) });
      acknowledged += written.length;
      for (const each of written) {
        if (revisions.has(each.revision)) reused.push(`${each.name} at ${each.revision}`);
        revisions.add(each.revision);
        if ((latest.get(each.name)?.revision ?? 0n) < each.revision) latest.set(each.name, each);
      }
    }
    return { kills, acknowledged, lost, reused };
  } finally {
    await database.stop();
    rmSync(dataPath, { recursive: true, force: true });
  }
}

/** Several writers create objects of their own and change one object of all; at that many answers the server is killed. */
async function writeUntilKilled(
  server: StartedServer,
  { run, killAfter }: { readonly run: number; readonly killAfter: number },
): Promise<Acknowledged[]> {
  const written: Acknowledged[] = [];
  let killed: Promise<void> | undefined;
  const acknowledge = (each: Acknowledged): void => {
    written.push(each);
    if (written.length >= killAfter) killed ??= server.kill();
  };
  const write = async (writer: number): Promise<void> => {
    let step = 0;
    while (killed === undefined) {
      step += 1;
      const title = `run ${run}, writer ${writer}, step ${step}`;
      for (const name of [`own-${run}-${writer}-${step}`, "shared"]) {
        const revision = await apply(server, name, title).catch(() => undefined);
        if (revision !== undefined) acknowledge({ name, title, revision });
      }
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  await killed;
  return written;
}

/** Revision of the write; undefined when it was not acknowledged. */
async function apply(server: StartedServer, name: string, title: string): Promise<bigint | undefined> {
  const answer = await call(`${server.url}${collection}/${name}?fieldManager=crash&force=true`, {
    method: "PATCH",
    headers: { "content-type": "application/apply-patch+yaml" },
    body: { apiVersion: "testdata.datasource.grafana.app/v0alpha1", kind: "DataSource", metadata: { name }, spec: { title } },
  });
  const { revision } = stored(answer.json());
  return (answer.status === 200 || answer.status === 201) && revision > 0n ? revision : undefined;
}

/** Those that are neither as acknowledged nor newer: a write may have been made whose answer was not sent. */
async function missing(server: StartedServer, latest: ReadonlyMap<string, Acknowledged>): Promise<string[]> {
  const list = (await call(`${server.url}${collection}`)).json();
  const items = Array.isArray(list["items"]) ? (list["items"] as readonly Json[]) : [];
  const found = new Map(items.map(stored).map((each) => [each.name, each]));
  return [...latest.values()]
    .filter(({ name, revision, title }) => {
      const now = found.get(name);
      return now === undefined || now.revision < revision || (now.revision === revision && now.title !== title);
    })
    .map(({ name, revision }) => `${name} at ${revision}`);
}

function stored(object: Json): Acknowledged {
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const { metadata, spec } = object;
  return { name: text(metadata?.["name"]), revision: BigInt(text(metadata?.["resourceVersion"])), title: text(spec?.["title"]) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const engine = engineNames.find((name) => name === process.argv[3]) ?? "sqlite";
  const report = await runCrashCampaign(Number(process.argv[2] ?? 100), engine);
  console.log(
    `${engine}: ${report.kills} kills, ${report.acknowledged} acknowledged writes, ${report.lost.length} lost, ${report.reused.length} revisions used twice`,
  );
  for (const each of [...report.lost.map((it) => `lost: ${it}`), ...report.reused.map((it) => `used twice: ${it}`)]) console.log(each);
  process.exitCode = report.lost.length + report.reused.length === 0 ? 0 : 1;
}
