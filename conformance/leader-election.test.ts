import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "./testing/call.js";
import { type OpenStream, openStream } from "./testing/open-stream.js";
import { bareEnvironment, type RunningProcess, runProcess } from "./testing/run-process.js";
import { type StartedServer, startServer } from "./testing/start-server.js";
import { until } from "./testing/until.js";

/** What a watch tells of one object. */
interface Told {
  readonly revision: number;
  readonly by: string;
}

const identities = ["one", "two", "three", "four", "five"];

describe("five candidates for one Lease", () => {
  let server: StartedServer;
  let leases: OpenStream;
  let acts: OpenStream;
  const candidates = new Map<string, RunningProcess>();

  const start = (identity: string): void => {
    const candidate = path.join(import.meta.dirname, "election/candidate.ts");
    const env = bareEnvironment({ SERVER_URL: server.url });
    candidates.set(identity, runProcess(process.execPath, ["--import", "tsx", candidate, identity], { env }));
  };

  beforeAll(async () => {
    server = await startServer();
    await call(`${server.url}/api/v1/namespaces/default/configmaps`, { body: { metadata: { name: "acts" } } });
    leases = await openStream(`${server.url}/apis/coordination.k8s.io/v1/namespaces/default/leases?watch=1&fieldSelector=metadata.name=election`);
    acts = await openStream(`${server.url}/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name=acts`);
    for (const identity of identities) start(identity);
  });
  afterAll(async () => {
    for (const { child } of candidates.values()) {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
    }
    await server.stop();
  });

  const toldBy = (stream: OpenStream, whoOf: (object: Shown) => string | undefined): readonly Told[] =>
    stream
      .text()
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { readonly object: Shown }).object)
      .map((object) => ({ revision: Number(object.metadata.resourceVersion), by: whoOf(object) ?? "" }));
  const holders = (): readonly Told[] => toldBy(leases, ({ spec }) => spec?.holderIdentity);
  const acted = (): readonly Told[] => toldBy(acts, ({ data }) => data?.by).filter(({ by }) => by !== "");
  const holder = (): string => holders().at(-1)?.by ?? "";
  const actsOf = (identity: string): number => acted().filter(({ by }) => by === identity).length;
  const actsAnew = async (identity: string): Promise<void> => {
    const before = actsOf(identity);
    await until(`${identity} acts`, () => (actsOf(identity) > before + 5 ? true : undefined), 20_000);
  };
  const another = (than: string): Promise<string> =>
    until(`somebody else than ${than} leads`, () => (["", than].includes(holder()) ? undefined : holder()), 20_000);

  test("one leads; when it is stopped or killed another one does, and nobody acts in another's term but by what was on its way when it was stopped", async () => {
    await another("");
    for (let round = 0; round < 8; round++) {
      const leader = holder();
      await actsAnew(leader);
      const process = candidates.get(leader);
      if (round % 4 === 3) {
        process?.child.kill("SIGKILL");
        await another(leader);
        start(leader);
      } else {
        process?.child.kill("SIGSTOP");
        await actsAnew(await another(leader));
        // It wakes while another one leads, in the middle of what it did.
        process?.child.kill("SIGCONT");
        await actsAnew(holder());
      }
    }
    const terms = holders();
    const termOf = ({ revision }: Told): Told | undefined => terms.findLast((it) => it.revision < revision);
    const strangers = acted().filter((act) => termOf(act)?.by !== act.by);
    // A request that was handed over before the stop cannot be called back: one for each, and no second one when it wakes.
    const ofOneStop = strangers.map((act) => `${act.by} in the term from ${termOf(act)?.revision ?? 0}`);
    expect(ofOneStop).toEqual([...new Set(ofOneStop)]);
    expect(acted().length).toBeGreaterThan(100);
    expect(new Set(terms.map(({ by }) => by).filter((by) => by !== "")).size).toBeGreaterThan(1);
  });
});

interface Shown {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec?: { readonly holderIdentity?: string };
  readonly data?: { readonly by?: string };
}
