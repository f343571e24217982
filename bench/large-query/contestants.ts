import { call } from "../../conformance/testing/call.js";
import { goTestPlugin } from "../../conformance/testing/install-plugin.js";
import type { Contestant } from "../query/contestant.js";
import { startOurServer } from "../query/ours.js";
import { standInIsBuilt, startStandIn } from "../query/stand-in.js";
import { startBareProxy } from "../route/bare-node.js";
import type { Asking } from "./load-answers.js";

/** A way to get the large answer: from which server, and what is asked of it. */
export interface Way {
  readonly name: string;
  readonly serverPid: number;
  readonly asking: Omit<Asking, "connections" | "seconds">;
}

/** The ways beside each other; those of the stand-in are absent where it is not built. */
export interface Ways {
  readonly json: Way;
  readonly arrow: Way;
  readonly arrowStream: Way;
  readonly bareProxy: Way;
  readonly standIn?: Way;
  stop(): Promise<void>;
}

const stream = "application/vnd.apache.arrow.stream";

/** 100,000 rows x 4 fields; the test plugin makes its frame once, and encodes it for each answer. */
const bodyFor = (uid: string): string =>
  JSON.stringify({
    from: "now-1h",
    to: "now",
    queries: [{ refId: "A", queryType: "large", datasource: { type: goTestPlugin, uid }, intervalMs: 1000, maxDataPoints: 100 }],
  });

/** Our server, asked in three ways; the stand-in, which always asks the plugin for Arrow; a bare proxy before as many bytes as the Arrow answer has. */
export async function startWays(): Promise<Ways> {
  const ours = await startOurServer();
  const others: Contestant[] = [];
  try {
    const json = wayOf(ours, "abc");
    const arrow = await arrowSource(ours);
    const arrowStream: Way = { ...json, name: "ours, Accept Arrow", asking: { ...json.asking, accept: stream } };
    const bare = await startBareProxy();
    others.push(bare);
    const bareProxy = { name: bare.name, serverPid: bare.serverPid, asking: { url: `${bare.url}/${await lengthOf(arrowStream)}` } };
    const standIn = standInIsBuilt() ? await startStandIn() : undefined;
    if (standIn !== undefined) others.push(standIn);
    return {
      json: { ...json, name: "ours, JSON from the plugin" },
      arrow: { ...arrow, name: "ours, Arrow from the plugin" },
      arrowStream,
      bareProxy,
      ...(standIn === undefined ? {} : { standIn: { ...wayOf(standIn, "abc"), name: standIn.name } }),
      stop: () => stopAll([ours, ...others]),
    };
  } catch (error) {
    await stopAll([ours, ...others]);
    throw error;
  }
}

const wayOf = ({ url, authorization, serverPid, name }: Contestant, uid: string): Way => ({
  name,
  serverPid,
  asking: { url, body: bodyFor(uid), ...(authorization === undefined ? {} : { authorization }) },
});

/** A data source whose answers are Arrow whatever the plugin is asked for, as those of plugins with an older SDK. */
export async function arrowSource(ours: Contestant): Promise<Way> {
  const sources = ours.url.replace(/\/abc\/query$/, "");
  const created = await call(sources, {
    body: {
      apiVersion: `${goTestPlugin}.datasource.grafana.app/v0alpha1`,
      kind: "DataSource",
      metadata: { name: "arrow" },
      spec: { title: "arrow", jsonData: { alwaysArrow: true } },
    },
  });
  if (created.status !== 201) throw new Error(`data source: ${created.text}`);
  return wayOf({ ...ours, url: `${sources}/arrow/query` }, "arrow");
}

async function lengthOf({ asking: { url, body = "", authorization = "", accept = "" } }: Way): Promise<number> {
  const answer = await fetch(url, { method: "POST", body, headers: { authorization, accept, "content-type": "application/json" } });
  if (answer.headers.get("content-type") !== stream) throw new Error(`the answer is no Arrow: ${answer.status} ${await answer.text()}`);
  return (await answer.arrayBuffer()).byteLength;
}

async function stopAll(contestants: readonly Contestant[]): Promise<void> {
  for (const it of contestants) await it.stop();
}
