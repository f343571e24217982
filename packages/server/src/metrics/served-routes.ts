import type { GrafanaAggregator } from "@dataplane/aggregator";

/** Whether the data plane serves a group and version; kept until its routes change. */
export function servedRoutes(aggregator: Pick<GrafanaAggregator, "apiSource">): (group: string, version: string) => boolean {
  let generation = -1;
  let served: ReadonlySet<string> = new Set();
  return (group, version) => {
    const { apiSource } = aggregator;
    if (generation !== apiSource.generation) {
      served = new Set(apiSource.served().map((it) => `${it.group}/${it.version}`));
      generation = apiSource.generation;
    }
    return served.has(`${group}/${version}`);
  };
}
