import { Readable } from "node:stream";
import type { Transport, TransportRequest } from "@dataplane/client";
import type { Clock, HttpRequest } from "@dataplane/meta";
import { expect, test } from "vitest";
import { askingAuthenticator } from "./asking-authenticator.js";

interface Asked {
  readonly authorization: unknown;
  readonly forwardedFor: unknown;
}

/** An API server at the other end of the wire, which knows everybody; or one that refuses, or is away. */
function anApiServer(status = 201) {
  const asked: Asked[] = [];
  const state = { now: Date.parse("2026-01-01T00:00:00Z"), status };
  const transport: Transport = ({ headers }: TransportRequest) => {
    asked.push({ authorization: headers["authorization"], forwardedFor: headers["x-forwarded-for"] });
    if (state.status === 0) return Promise.reject(new Error("connection refused"));
    const answer =
      state.status === 201
        ? { kind: "SelfSubjectReview", status: { userInfo: { username: "ann", groups: ["system:authenticated"] } } }
        : { kind: "Status", code: state.status, reason: "Unauthorized", message: "no such user" };
    return Promise.resolve({
      status: state.status,
      retryAfterSeconds: undefined,
      headers: {},
      body: Readable.from([Buffer.from(JSON.stringify(answer))]),
    });
  };
  const clock: Clock = { now: () => new Date(state.now), sleep: () => Promise.resolve() };
  return { asked, state, authenticator: askingAuthenticator({ transport, clock }) };
}

const request = (headers: Record<string, string>, remoteAddress = "127.0.0.1"): HttpRequest => ({
  ...{ method: "GET", path: "/", query: new URLSearchParams(), headers, body: Readable.from([]), remoteAddress, context: {} },
  signal: new AbortController().signal,
});

test("a credential is asked about once in ten seconds", async () => {
  const { asked, state, authenticator } = anApiServer();
  const found = await authenticator.authenticate(request({ authorization: "Basic YTpi" }));
  expect(found).toEqual({ user: { name: "ann", groups: ["system:authenticated"] }, credentialHeaders: ["authorization"] });
  await authenticator.authenticate(request({ authorization: "Basic YTpi" }));
  expect(asked).toEqual([{ authorization: "Basic YTpi", forwardedFor: undefined }]);
  state.now += 10_000;
  await authenticator.authenticate(request({ authorization: "Basic YTpi" }));
  expect(asked).toHaveLength(2);
});

test("what holds for a caller on this machine is not believed of one elsewhere", async () => {
  const { asked, authenticator } = anApiServer();
  await authenticator.authenticate(request({ authorization: "Basic YTpi" }));
  await authenticator.authenticate(request({ authorization: "Basic YTpi" }, "192.0.2.1"));
  await authenticator.authenticate(request({ authorization: "Basic YTpi", "x-forwarded-for": "192.0.2.2" }));
  expect(asked.map(({ forwardedFor }) => forwardedFor)).toEqual([undefined, "192.0.2.1", "192.0.2.2, 127.0.0.1"]);
});

test("a token is believed no longer than it says of itself", async () => {
  const { asked, state, authenticator } = anApiServer();
  const claims = Buffer.from(JSON.stringify({ exp: state.now / 1000 + 2 })).toString("base64url");
  const bearer = request({ authorization: `Bearer e30.${claims}.c2ln` });
  expect((await authenticator.authenticate(bearer))?.expires).toBe(state.now + 2_000);
  state.now += 2_000;
  await authenticator.authenticate(bearer);
  expect(asked).toHaveLength(2);
});

test("no credential is nobody, a refused one is 401, and an API server that is away is 503 and not remembered", async () => {
  const { asked, state, authenticator } = anApiServer(401);
  expect(await authenticator.authenticate(request({}))).toBeUndefined();
  await expect(authenticator.authenticate(request({ authorization: "Basic YTpi" }))).rejects.toMatchObject({ code: 401, message: "no such user" });
  state.status = 0;
  await expect(authenticator.authenticate(request({ authorization: "Basic YTpi" }))).rejects.toMatchObject({ code: 503 });
  state.status = 201;
  expect((await authenticator.authenticate(request({ authorization: "Basic YTpi" })))?.user.name).toBe("ann");
  expect(asked).toHaveLength(3);
});
