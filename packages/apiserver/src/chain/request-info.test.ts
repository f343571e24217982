import { ApiError } from "@dataplane/meta";
import { expect, test } from "vitest";
import { parseRequestInfo } from "./request-info.js";

const parse = (method: string, target: string) => {
  const [path = "", query = ""] = target.split("?");
  const { verb, group, version, namespace, resource, name, subresource } = parseRequestInfo(method, path, new URLSearchParams(query));
  return [verb, group, version, namespace, resource, name, subresource].join(" ");
};

test.each([
  ["GET", "/api/v1/namespaces", "list  v1  namespaces  "],
  ["GET", "/api/v1/namespaces/a", "get  v1 a namespaces a "],
  ["GET", "/api/v1/namespaces/a/status", "get  v1 a namespaces a status"],
  ["POST", "/api/v1/namespaces/a/events", "create  v1 a events  "],
  ["GET", "/apis/g.io/v1/things?watch=true", "watch g.io v1  things  "],
  ["GET", "/apis/g.io/v1/things?watch=false", "list g.io v1  things  "],
  ["GET", "/apis/g.io/v1/things?fieldSelector=metadata.name%3Dx", "list g.io v1  things x "],
  ["DELETE", "/apis/g.io/v1/namespaces/n/things", "deletecollection g.io v1 n things  "],
  ["PATCH", "/apis/g.io/v1/namespaces/n/things/a%20b/status", "patch g.io v1 n things a b status"],
  ["POST", "/apis/g.io/v1/namespaces/n/datasources/uid/query", "create g.io v1 n datasources uid query"],
])("%s %s", (method, target, expected) => {
  expect(parse(method, target)).toBe(expected);
});

test("discovery and other paths ask for no resource", () => {
  for (const path of ["/", "/api", "/apis/g.io", "/apis/g.io/v1", "/healthz", "/api/health", "/api/ds/query"]) {
    expect(parseRequestInfo("GET", path, new URLSearchParams())).toMatchObject({ isResourceRequest: false, verb: "get" });
  }
});

test.each(["/apis/a%2Fb", "/apis/a%5cb", "/apis/%00", "/apis/../x", "/apis/%2e/x", "/apis//x", "/apis/%zz", "apis"])("%s is refused", (path) => {
  expect(() => parseRequestInfo("GET", path, new URLSearchParams())).toThrow(ApiError);
});

test("a path that only looks like a group's has none", () => {
  const info = parseRequestInfo("GET", "/openapi/v3/apis/events.k8s.io/v1", new URLSearchParams());
  expect(info).toMatchObject({ isResourceRequest: false, group: "", version: "", path: "/openapi/v3/apis/events.k8s.io/v1" });
});
