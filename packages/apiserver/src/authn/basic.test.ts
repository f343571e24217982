import type { HttpRequest } from "@dataplane/meta";
import { expect, test } from "vitest";
import { basicAuthenticator } from "./basic.js";

const request = (remoteAddress: string, headers: HttpRequest["headers"] = {}): HttpRequest => ({
  method: "GET",
  path: "/",
  query: new URLSearchParams(),
  headers: { authorization: `Basic ${Buffer.from("admin:admin").toString("base64")}`, ...headers },
  body: (async function* () {})(),
  signal: new AbortController().signal,
  remoteAddress,
  context: {},
});

test("a password that is believed from one origin is verified anew from another, and after a while", async () => {
  const verified: string[] = [];
  let now = 0;
  const basic = basicAuthenticator({
    verify: (name, _password, { remoteAddress }) => {
      verified.push(remoteAddress);
      return Promise.resolve({ name, groups: [] });
    },
    now: () => now,
  });
  await basic.authenticate(request("127.0.0.1"));
  await basic.authenticate(request("127.0.0.1"));
  await basic.authenticate(request("10.0.0.1"));
  await basic.authenticate(request("127.0.0.1", { "x-forwarded-for": "10.0.0.1" }));
  expect(verified).toEqual(["127.0.0.1", "10.0.0.1", "127.0.0.1"]);
  now = 10_001;
  await basic.authenticate(request("127.0.0.1"));
  expect(verified).toHaveLength(4);
});

test("other schemes are none of its business, and a credential without a colon is 401", async () => {
  const basic = basicAuthenticator({ verify: () => Promise.resolve(undefined) });
  expect(await basic.authenticate(request("::1", { authorization: "Bearer x" }))).toBeUndefined();
  await expect(basic.authenticate(request("::1", { authorization: "Basic eA==" }))).rejects.toMatchObject({ code: 401 });
});
