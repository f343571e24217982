import { rmSync } from "node:fs";
import { afterAll, expect, type TestContext, test } from "vitest";
import { hasChecker } from "./faults/check-history.js";
import { type EngineName, engineNames } from "./faults/engine.js";
import { failpointPlans } from "./faults/failpoints.js";
import { nemesisFor } from "./faults/nemesis.js";
import { runHistory } from "./faults/run-history.js";
import { describeWith, type Need } from "./testing/needs.js";
import { temporaryFolder } from "./testing/start-server.js";

// The short form of `npm run test:faults`.

const needsChecker: Need = { name: "the checker of histories (conformance/build-tools.sh builds it)", isThere: hasChecker };

const seed = Date.now() % 1_000_000;
const seconds = 10;
const folder = temporaryFolder("histories");
let isKept = false;
afterAll(() => {
  if (!isKept) rmSync(folder, { recursive: true, force: true });
});

type Plan = Omit<Parameters<typeof runHistory>[0], "seed" | "folder">;

/** A history that fails stays, and the failure says where. */
async function expectNoViolation(plan: Plan, { skip }: TestContext): Promise<void> {
  const report = await runHistory({ ...plan, seed, folder });
  if (report === undefined) return skip(`${plan.engine} is not installed`);
  const { violations, undecided, answered, file } = report;
  isKept ||= violations.length + undecided.length > 0;
  expect({ seed, file, violations: violations.slice(0, 5), undecided }).toMatchObject({ violations: [], undecided: [] });
  expect(answered).toBeGreaterThan(20);
}

const histories: readonly (readonly [EngineName, number])[] = [
  ["sqlite", 1],
  ["postgres", 3],
  ["postgres", 1],
  ["mysql", 3],
  ["etcd", 3],
];

describeWith([needsChecker], "clients and watches under faults", () => {
  for (const [engine, servers] of histories) {
    const name = `${String(servers)} server${servers === 1 ? "" : "s"} on ${engine}`;
    test(`see one history of ${name}, and no event is lost`, { timeout: 480_000 }, (context) =>
      expectNoViolation({ engine, servers, disturb: nemesisFor(seconds) }, context),
    );
  }

  // MariaDB shares all that has failpoints with PostgreSQL.
  for (const engine of engineNames.filter((name) => name !== "mysql")) {
    for (const { name, ...plan } of failpointPlans(engine, 1)) {
      test(`see one history of ${engine} when a server dies at ${name}`, { timeout: 480_000 }, (context) => expectNoViolation(plan, context));
    }
  }
});
