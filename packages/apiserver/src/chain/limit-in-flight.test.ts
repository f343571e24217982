import { controlPlaneUser, type HttpResponse, type UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { withFilters } from "./filter.js";
import { limitInFlight } from "./limit-in-flight.js";
import { parseRequestInfo } from "./request-info.js";

const someone: UserInfo = { name: "someone", groups: ["system:authenticated"] };

async function* noBody(): AsyncGenerator<Uint8Array> {
  // Nothing was sent.
}

/** A server that answers when `release` is called. */
function slowServer(limits: { readonly reads: number; readonly writes: number }) {
  const waiting: (() => void)[] = [];
  const handler = withFilters(
    [limitInFlight(limits)],
    () => new Promise<HttpResponse>((done) => waiting.push(() => done({ status: 200, headers: {} }))),
  );
  const ask = (method: string, target: string, user = someone): Promise<HttpResponse> => {
    const [path = "", text = ""] = target.split("?");
    const query = new URLSearchParams(text);
    const context = { info: parseRequestInfo(method, path, query), user };
    const signal = new AbortController().signal;
    return handler({ method, path, query, context, headers: {}, body: noBody(), signal, remoteAddress: "" });
  };
  return {
    ask,
    release: () => {
      for (const done of waiting.splice(0)) done();
    },
  };
}

test("reads and writes have limits of their own, and what is over is told when to come again", async () => {
  const { ask, release } = slowServer({ reads: 2, writes: 1 });
  const path = "/api/v1/namespaces/default/configmaps";
  const answered = [ask("GET", path), ask("GET", `${path}/a`), ask("POST", path)];
  await expect(ask("GET", path)).rejects.toMatchObject({ code: 429, reason: "TooManyRequests", headers: { "retry-after": "1" } });
  await expect(ask("DELETE", `${path}/a`)).rejects.toMatchObject({ code: 429 });
  release();
  expect(await Promise.all(answered)).toHaveLength(3);
  const again = ask("POST", path);
  release();
  expect(await again).toMatchObject({ status: 200 });
});

test("watches and masters are not counted, and 0 is no limit", async () => {
  const { ask, release } = slowServer({ reads: 1, writes: 0 });
  const path = "/api/v1/configmaps";
  const answered = [
    ask("GET", path),
    ask("GET", `${path}?watch=true`),
    ask("GET", path, controlPlaneUser),
    ask("POST", "/api/v1/namespaces/default/configmaps"),
    ask("POST", "/api/v1/namespaces/default/configmaps"),
  ];
  release();
  expect(await Promise.all(answered)).toHaveLength(5);
});
