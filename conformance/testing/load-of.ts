import { Agent, request } from "node:http";
import { admin } from "./call.js";
import { dataSourcesUrl, type Target } from "./data-plane.js";
import type { StartedServer } from "./start-server.js";

export interface Failure {
  /** As `performance.now()` has it. */
  readonly at: number;
  /** The status of an answer, or the error of a connection. */
  readonly what: string;
}

export interface Load {
  /** When the last answers are there. */
  stop(): Promise<{ readonly answered: number; readonly failures: readonly Failure[] }>;
}

/** Queries without a pause, one at a time over each of so many kept connections, until it is stopped. */
export function loadOf(
  server: Pick<StartedServer, "url">,
  { pluginId, uid }: Target,
  connections: number,
  query: object = { queryType: "small" },
): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const url = `${dataSourcesUrl(server, pluginId)}/${uid}/query`;
  const body = JSON.stringify({ queries: [{ refId: "A", ...query }] });
  const failures: Failure[] = [];
  let answered = 0;
  let isOver = false;
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const failed = (what: string): void => {
        failures.push({ at: performance.now(), what });
        resolve();
      };
      const sent = request(url, { method: "POST", agent, headers: { authorization: admin, "content-type": "application/json" } }, (answer) => {
        answer.on("error", (error) => failed(error.message));
        answer.resume().once("end", () => {
          answered += 1;
          if (answer.statusCode === 200) resolve();
          else failed(String(answer.statusCode));
        });
      });
      sent.once("error", (error: NodeJS.ErrnoException) => failed(`${error.code ?? ""} ${error.message}`)).end(body);
    });
  const client = async (): Promise<void> => {
    while (!isOver) await ask();
  };
  const clients = Promise.all(Array.from({ length: connections }, client));
  return {
    async stop() {
      isOver = true;
      await clients;
      agent.destroy();
      return { answered, failures };
    },
  };
}
