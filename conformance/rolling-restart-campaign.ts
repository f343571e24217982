import { parseArgs } from "node:util";
import { Load } from "./several-servers/load.js";
import { ServerGroup } from "./several-servers/server-group.js";

/**
 * Servers on one PostgreSQL behind a TCP balancer, restarted in turn by SIGTERM under load, round after round:
 * `npx tsx conformance/rolling-restart-campaign.ts --rounds 10 --servers 3`.
 */
const { values } = parseArgs({ options: { rounds: { type: "string", default: "10" }, servers: { type: "string", default: "3" } } });

const group = await ServerGroup.start({ size: Number(values.servers) });
if (group === undefined) throw new Error("Debian's package postgresql is missing");
let broken = 0;
try {
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const load = new Load(group.balancer.url, `round-${round}`);
    await load.start({ writers: 4, queriers: 4, watchers: 4 });
    for (let index = 0; index < group.size; index += 1) {
      await group.stop(index);
      await group.begin(index);
    }
    const { failures, ...counts } = await load.end();
    console.log(`round ${round}: ${JSON.stringify({ ...counts, failures: failures.length })}`);
    for (const failure of failures.slice(0, 10)) console.log(`  ${failure}`);
    if (failures.length > 0) broken += 1;
  }
} finally {
  await group.end();
}
console.log(`${values.rounds} rounds, ${broken} of them with failures`);
process.exitCode = broken === 0 ? 0 : 1;
