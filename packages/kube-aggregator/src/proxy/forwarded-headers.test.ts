import type { Headers, HttpRequest } from "@dataplane/meta";
import { expect, test } from "vitest";
import { answeredHeaders, forwardedHeaders } from "./forwarded-headers.js";

const requestOf = (headers: Headers, credentialHeaders: readonly string[] = []): HttpRequest => ({
  ...{ method: "GET", path: "/apis/a.example.com/v1/x", query: new URLSearchParams(), headers, remoteAddress: "192.0.2.7" },
  ...{ body: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) } },
  ...{ signal: new AbortController().signal, context: { credentialHeaders } },
});

test.each([
  ["authorization", "Bearer secret"],
  ["cookie", "session=secret"],
  ["proxy-authorization", "Basic x"],
  ["x-remote-user", "admin"],
  ["x-remote-group", "system:masters"],
  ["x-remote-uid", "0"],
  ["x-remote-extra-scopes", "all"],
  ["impersonate-user", "admin"],
  ["impersonate-group", "system:masters"],
  ["impersonate-uid", "1"],
  ["impersonate-extra-a", "b"],
  ["connection", "keep-alive"],
  ["keep-alive", "timeout=5"],
  ["transfer-encoding", "chunked"],
  ["te", "trailers"],
  ["trailer", "x"],
  ["upgrade", "h2c"],
  ["http2-settings", "AAA"],
  ["proxy-connection", "keep-alive"],
  ["expect", "100-continue"],
  ["forwarded", "for=10.0.0.1"],
  ["x-forwarded-proto", "https"],
  [":path", "/"],
  [":method", "GET"],
])("%s goes no further", (name, value) => {
  expect(Object.keys(forwardedHeaders(requestOf({ [name]: value })))).not.toContain(name);
});

test("what Connection names, and what proved the caller, goes no further either", () => {
  const sent = forwardedHeaders(requestOf({ connection: "X-Own, close", "x-own": "1", "x-token": "secret", accept: "a" }, ["x-token"]));
  expect(sent).toMatchObject({ accept: "a" });
  expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(["x-own"]));
  expect(JSON.stringify(sent)).not.toContain("secret");
});

test("what a client says of itself goes on, and where it came from is said", () => {
  const headers = { accept: "application/json", "accept-encoding": "gzip", "if-none-match": '"a"', "user-agent": "kubectl", host: "api:6443" };
  const request = requestOf({ ...headers, "content-type": "application/json", "x-forwarded-for": "10.0.0.1", "x-forwarded-proto": "gopher" });
  expect(forwardedHeaders({ ...request, scheme: "https" })).toEqual({
    ...{ accept: "application/json", "accept-encoding": "gzip", "if-none-match": '"a"', "user-agent": "kubectl" },
    "content-type": "application/json",
    ...{
      "x-forwarded-for": "10.0.0.1, 192.0.2.7",
      "x-forwarded-uri": "/apis/a.example.com/v1/x",
      "x-forwarded-host": "api:6443",
      "x-forwarded-proto": "https",
    },
  });
});

test("an answer keeps what is of it, several values apart, and loses what is of the connection", () => {
  const answer = {
    ":status": "200",
    connection: "x-mine",
    "x-mine": "1",
    "transfer-encoding": "chunked",
    warning: ["299 - a", "299 - b"],
    etag: '"b"',
  };
  expect(answeredHeaders(answer)).toEqual({ warning: ["299 - a", "299 - b"], etag: '"b"' });
});
