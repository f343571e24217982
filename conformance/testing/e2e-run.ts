import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { kubectlBinary } from "./kubectl.js";
import { root, tools } from "./root.js";
import { bareEnvironment, runProcess } from "./run-process.js";
import { startServer } from "./start-server.js";

const folder = path.join(root, "conformance", "e2e");

export const e2eBinary = path.join(tools, "kubernetes-e2e");

/** Names of the cases that need no node, pod or image: all of them pass on kube-apiserver with its controllers. */
export const e2eCases: readonly string[] = lines("cases.txt");

/** Cases that do not pass here, each with the reason. The list may only shrink. */
export const knownGaps: ReadonlyMap<string, string> = new Map(
  lines("known-gaps.txt").map((line) => {
    const [name = "", reason = ""] = line.split("\t");
    if (reason === "") throw new Error(`known-gaps.txt gives no reason for ${JSON.stringify(name)}`);
    return [name, reason];
  }),
);

function lines(file: string): readonly string[] {
  return readFileSync(path.join(folder, file), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

export interface E2eOutcome {
  /** Undefined when the case passed. */
  readonly failure: string | undefined;
  readonly seconds: number;
}

/** A case that fails outside of its own goroutine ends the whole program: few at a time, so that little is run twice. */
const casesAtOnce = 12;

/** A known gap may wait for good for what does not come; the others take two minutes at most on a busy machine. */
const gapTimeout = "20s";
const casesTimeout = "15m";

/** Runs cases in shards side by side, each against a fresh server of its own. A case that did not run at all is missing in the answer. */
export async function runE2eInShards(cases: readonly string[], shards: number, reports: string): Promise<ReadonlyMap<string, E2eOutcome>> {
  const parts = Array.from({ length: shards }, async (_, shard) => {
    const server = await startServer({ env: { GF_GRAFANA_APISERVER_WORKLOAD_KINDS: "true" } });
    try {
      const own = cases.filter((_name, index) => index % shards === shard);
      return [...(await runE2e(server.kubeconfig, own, path.join(reports, `shard-${String(shard)}`)))];
    } finally {
      await server.stop();
    }
  });
  return new Map((await Promise.all(parts)).flat());
}

async function runE2e(kubeconfig: string, cases: readonly string[], reports: string): Promise<ReadonlyMap<string, E2eOutcome>> {
  rmSync(reports, { recursive: true, force: true });
  const outcomes = new Map<string, E2eOutcome>();
  const gaps = cases.filter((name) => knownGaps.has(name));
  const others = cases.filter((name) => !knownGaps.has(name));
  const batches = Array.from({ length: Math.ceil(others.length / casesAtOnce) }, (_, index) =>
    others.slice(index * casesAtOnce).slice(0, casesAtOnce),
  );
  for (const [index, batch] of [...batches, ...gaps.map((name) => [name])].entries()) {
    for (const [name, outcome] of await runBatch(kubeconfig, batch, path.join(reports, String(index)))) outcomes.set(name, outcome);
  }
  return outcomes;
}

async function runBatch(kubeconfig: string, cases: readonly string[], reports: string): Promise<ReadonlyMap<string, E2eOutcome>> {
  mkdirSync(reports, { recursive: true });
  const running = runProcess(
    e2eBinary,
    [
      ...["--kubeconfig", kubeconfig, "--provider", "skeleton", "--kubectl-path", kubectlBinary("newest"), "--report-dir", reports],
      ...["--e2e-verify-service-account=false", "--allowed-not-ready-nodes=-1", "--minStartupPods=-1", "--num-nodes=1"],
      ...["--dump-logs-on-failure=false", "--delete-namespace=true", "--ginkgo.no-color"],
      `--ginkgo.timeout=${cases.every((name) => knownGaps.has(name)) ? gapTimeout : casesTimeout}`,
      `--ginkgo.focus=${cases.map((name) => `${escaped(name)}$`).join("|")}`,
    ],
    { env: bareEnvironment({ HOME: reports, KUBECONFIG: kubeconfig }), cwd: reports },
  );
  await running.end;
  const log = running.stdout() + running.stderr();
  writeFileSync(path.join(reports, "e2e.log"), log);
  const outcomes = outcomesIn(reports);
  if (outcomes.size > 0) return outcomes;
  const [first] = cases;
  if (cases.length === 1 && first !== undefined) return new Map([[first, { failure: `the program ended: ${log.slice(-1_000)}`, seconds: 0 }]]);
  const middle = Math.ceil(cases.length / 2);
  return new Map([
    ...(await runBatch(kubeconfig, cases.slice(0, middle), path.join(reports, "a"))),
    ...(await runBatch(kubeconfig, cases.slice(middle), path.join(reports, "b"))),
  ]);
}

const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);

function outcomesIn(reports: string): ReadonlyMap<string, E2eOutcome> {
  const outcomes = new Map<string, E2eOutcome>();
  for (const file of readdirSync(reports).filter((name) => name.startsWith("junit") && name.endsWith(".xml"))) {
    for (const [, attributes = "", body = ""] of readFileSync(path.join(reports, file), "utf8").matchAll(
      /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
    )) {
      const name = unescaped(attribute(attributes, "name")).replace(/^\[It\] /, "");
      if (attribute(attributes, "status") === "skipped" || body.includes("<skipped")) continue;
      const failure = /<(?:failure|error) ([^>]*)>([^<]*)/.exec(body);
      const message = failure === null ? undefined : unescaped(`${attribute(failure[1] ?? "", "message")}${failure[2] ?? ""}`).slice(0, 4_000);
      outcomes.set(name, { failure: message, seconds: Number(attribute(attributes, "time")) });
    }
  }
  return outcomes;
}

function attribute(attributes: string, name: string): string {
  const start = ` ${attributes}`.indexOf(` ${name}="`);
  return start < 0 ? "" : (attributes.slice(start + name.length + 2).split('"', 1)[0] ?? "");
}

const unescaped = (text: string): string =>
  text
    .replaceAll("&#34;", '"')
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#xA;", "\n")
    .replaceAll("&#x9;", "\t")
    .replaceAll("&amp;", "&");
