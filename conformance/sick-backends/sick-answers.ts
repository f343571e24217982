import type { IncomingMessage, ServerResponse } from "node:http";
import { createGzip } from "node:zlib";

/** Sick kinds that speak HTTP as they should, and say the wrong thing. */
export type SickAnswer = "redirect" | "unauthorized" | "error" | "html" | "gzip-bomb" | "slow";

/** Answers as a server of that condition; anything that is no SickAnswer answers well: one kind, `things`, without an object. */
export function answerSickly(condition: string, group: string, request: IncomingMessage, response: ServerResponse): void {
  response.on("error", () => undefined);
  if (Object.hasOwn(answers, condition)) answers[condition as SickAnswer](response);
  else answerWell(group, request, response);
}

const json = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};

const answers: Readonly<Record<SickAnswer, (response: ServerResponse) => void>> = {
  redirect: (response) => response.writeHead(302, { location: "https://127.0.0.1:1/" }).end(),
  unauthorized: (response) => json(response, 401, { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Unauthorized", code: 401 }),
  error: (response) => json(response, 500, { kind: "Status", apiVersion: "v1", status: "Failure", reason: "InternalError", code: 500 }),
  html: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Welcome</body></html>"),
  "gzip-bomb": (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    const gzip = createGzip();
    const zeros = Buffer.alloc(1 << 20, 0x20);
    let left = 2_048;
    const more = (): void => {
      while (left > 0 && gzip.write(zeros)) left -= 1;
      if (left > 0) gzip.once("drain", more);
      else gzip.end();
    };
    gzip.pipe(response);
    response.on("close", () => gzip.destroy());
    more();
  },
  slow: (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), 1_000);
    response.on("close", () => clearInterval(timer));
  },
};

function answerWell(group: string, { url = "" }: IncomingMessage, response: ServerResponse): void {
  const [path = ""] = url.split("?");
  if (path === `/apis/${group}/v1`) {
    const things = { name: "things", singularName: "thing", namespaced: true, kind: "Thing", verbs: ["get", "list"] };
    json(response, 200, { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/v1`, resources: [things] });
  } else if (path.endsWith("/things")) {
    json(response, 200, { kind: "ThingList", apiVersion: `${group}/v1`, metadata: { resourceVersion: "1" }, items: [] });
  } else {
    json(response, 404, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason: "NotFound", code: 404, message: "not found" });
  }
}
