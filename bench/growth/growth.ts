import type { Finding, Plan } from "../measure/finding.js";
import { writeResults } from "../measure/results.js";
import { objectGrowth } from "./objects.js";
import { serviceGrowth } from "./services.js";
import { watcherGrowth } from "./watchers.js";

/** How costs grow with what there is: requests must not notice it, start and memory grow with it and no faster. Each writes a plot. */
export async function benchGrowth(plan: Plan): Promise<readonly Finding[]> {
  const findings = [...(await serviceGrowth(plan)), ...(await watcherGrowth(plan)), ...(await objectGrowth(plan))];
  writeResults("growth", { rounds: plan.rounds, seconds: plan.seconds, findings });
  return findings;
}
