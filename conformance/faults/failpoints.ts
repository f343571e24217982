import type { Failpoint } from "@dataplane/storage";
import type { EngineName } from "./engine.js";
import type { DisturbedRun, HistoryOptions } from "./run-history.js";

/** Those that a load comes to by itself. */
const pointsOfWrites = ["before-write", "before-commit", "after-commit", "before-notify", "after-notify"] as const satisfies readonly Failpoint[];

/** The same on every engine. */
const pointsAboveStores = [
  "before-cache-apply",
  "after-cache-apply",
  "before-watch-send",
  "after-watch-send",
] as const satisfies readonly Failpoint[];

const pointsOfCompaction = ["before-compact", "during-compact", "after-compact"] as const satisfies readonly Failpoint[];

/** etcd commits and compacts by itself: nothing of ours is in between. */
const notIn: Readonly<Partial<Record<EngineName, readonly Failpoint[]>>> = { etcd: ["before-commit", "during-compact"] };

export type FailpointPlan = Pick<HistoryOptions, "engine" | "servers" | "disturb" | "keepsLog" | "environment" | "clients"> & {
  readonly name: string;
};

/** Histories in which a server dies at each point, so often; one a point, but for single deaths, which take no longer than they must. */
export function failpointPlans(engine: EngineName, deaths: number): readonly FailpointPlan[] {
  const isThere = (point: Failpoint): boolean => notIn[engine]?.includes(point) !== true;
  const isShort = deaths === 1;
  const loaded = [...pointsOfWrites, ...(isShort && engine !== "sqlite" ? [] : pointsAboveStores)].filter(isThere);
  // Of several servers one compacts, and another one takes over when its Lease has run out.
  const compacting = isShort && engine !== "sqlite" ? [] : pointsOfCompaction.filter(isThere);
  const grouped = (points: readonly Failpoint[]): readonly (readonly Failpoint[])[] => (isShort ? [points] : points.map((point) => [point]));
  const servers = engine === "sqlite" ? 1 : 2;
  const plan = (points: readonly Failpoint[]) => ({ name: points.join(", "), engine, servers, disturb: dieAt(points, deaths) });
  // What is forgotten cannot be compared: fewer clients leave fewer writes of which nobody knows.
  const forgetful = { servers: 1, keepsLog: false, clients: 8, environment: { GF_GRAFANA_APISERVER_HISTORY_RETENTION: "1s" } };
  const groups = (points: readonly Failpoint[]) => (points.length === 0 ? [] : grouped(points));
  return [...groups(loaded).map(plan), ...groups(compacting).map((points) => ({ ...plan(points), ...forgetful }))];
}

/** A busy machine commits few batches a minute. */
const diesWithinMs = 120_000;

/** A server is started with the point armed, comes there under the load, dies, and is started again. */
const dieAt =
  (points: readonly Failpoint[], deaths: number) =>
  async ({ servers, history, random }: DisturbedRun): Promise<Readonly<Record<string, number>>> => {
    const counts: Record<string, number> = Object.fromEntries(points.map((point) => [point, 0]));
    for (const point of points) {
      for (let turn = 0; turn < deaths; turn += 1) {
        const server = random.pick(servers.all);
        await server.stop();
        const count = point.endsWith("compact") ? 1 : random.between(1, 10);
        // It may die while it starts: that is a death too.
        const isStarted = await server.start({ DATAPLANE_FAILPOINTS: `${point}=kill@${String(count)}` }).then(
          () => true,
          () => false,
        );
        history.note(`${point}=kill@${String(count)}`);
        if (!isStarted || (await server.dies(diesWithinMs))) counts[point] = (counts[point] ?? 0) + 1;
        else history.unexpected.push(`${point} was not come to ${String(count)} times within ${String(diesWithinMs / 1000)} s`);
        await server.kill();
        await server.startWhenPossible();
      }
    }
    return counts;
  };
