import { Agent, request } from "node:http";
import { goTestPlugin } from "../../conformance/testing/install-plugin.js";
import type { Contestant } from "../query/contestant.js";

const agent = new Agent({ keepAlive: true });
const services = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices";
const version = "v0alpha1";

/**
 * Milliseconds from the POST of a service in a group of its own until its route answers a query; the route is asked again and again, each
 * time as soon as it has answered. The service is deleted afterwards. Throws when the POST or the query is answered badly.
 */
export async function registeredMs(contestant: Contestant, label: string): Promise<number> {
  const group = `${label}.bench.example.com`;
  const name = `${version}.${group}`;
  const begun = performance.now();
  const created = ask(contestant, "POST", services, serviceOf(name, group));
  // A failed POST is told below; until then it must not count as unhandled.
  created.catch(() => undefined);
  const answer = await firstAnswer(contestant, `/apis/${group}/${version}/namespaces/default/datasources/abc/query`);
  const took = performance.now() - begun;
  const post = await created;
  if (post.status !== 201) throw new Error(`${contestant.name} refused a service: ${post.status} ${post.text}`);
  if (answer.status !== 200) throw new Error(`${contestant.name} answered the query: ${answer.status} ${answer.text}`);
  const deleted = await ask(contestant, "DELETE", `${services}/${name}`);
  if (deleted.status !== 200) throw new Error(`${contestant.name} did not delete a service: ${deleted.status} ${deleted.text}`);
  return took;
}

const giveUpMs = 30_000;

/** The first that says neither that there is no such route, nor that it is not known yet. */
async function firstAnswer(contestant: Contestant, path: string): Promise<Answer> {
  const giveUp = performance.now() + giveUpMs;
  for (;;) {
    const answer = await ask(contestant, "POST", path, query);
    if (answer.status !== 404 && answer.status !== 503) return answer;
    if (performance.now() > giveUp) throw new Error(`${contestant.name}: no route after ${giveUpMs} ms: ${answer.status} ${answer.text}`);
  }
}

const query = {
  from: "now-1h",
  to: "now",
  queries: [{ refId: "A", datasource: { type: goTestPlugin, uid: "abc" }, queryType: "small", intervalMs: 1000, maxDataPoints: 100 }],
};

const serviceOf = (name: string, group: string): object => ({
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name },
  spec: { pluginID: goTestPlugin, pluginType: "datasource", group, version, services: [{ type: "query" }] },
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Over connections that are kept; less of it is ours than with fetch, and what is ours counts here. */
function ask({ url, authorization }: Contestant, method: string, path: string, body?: object): Promise<Answer> {
  const headers = { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) };
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { agent, method, headers }, (answer) => {
      let text = "";
      answer
        .setEncoding("utf8")
        .on("data", (piece: string) => (text += piece))
        .on("error", reject)
        .on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}
