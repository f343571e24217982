import { expect, test } from "vitest";
import { remoteServices } from "./remote-services.js";

test("the short form stands for an ExternalName and the APIService that names it", () => {
  const [external, service] = remoteServices("- {group: a.example.com, version: v1, host: a.internal, port: 7443}\n");
  expect(external).toMatchObject({
    kind: "ExternalName",
    metadata: { name: "v1-a-example-com", namespace: "default" },
    spec: { host: "a.internal" },
  });
  expect(service).toMatchObject({
    kind: "APIService",
    metadata: { name: "v1.a.example.com" },
    spec: { group: "a.example.com", version: "v1", service: { namespace: "default", name: "v1-a-example-com", port: 7443 } },
  });
});

test("objects stand in documents, lists and Lists, and keep what they say but for the server's part of metadata", () => {
  const service = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1.a.example.com", uid: "x" },
    spec: { group: "a.example.com" },
  };
  const external = {
    apiVersion: "service.grafana.app/v0alpha1",
    kind: "ExternalName",
    metadata: { name: "a", namespace: "grafana" },
    spec: { host: "a" },
  };
  const expected = [{ ...service, metadata: { name: "v1.a.example.com" } }, external];
  const [one, two] = [JSON.stringify(service), JSON.stringify(external)];
  for (const text of [`${one}\n---\n${two}\n`, `[${one}, ${two}]`, JSON.stringify({ kind: "List", items: [service, external] })]) {
    expect(remoteServices(text)).toEqual(expected);
  }
  expect(remoteServices("")).toEqual([]);
});

test.each([
  ["text", "entry 0 is no object"],
  ["- {kind: Secret, apiVersion: v1, metadata: {name: a}}", "entry 0: kind must be one of"],
  ["- {kind: APIService, metadata: {name: a}}", "apiVersion is missing"],
  ["- {kind: APIService, apiVersion: v1}", "metadata.name is missing"],
  ["- {group: a, version: v1}", "entry 0: host must be a text"],
  ["- {group: a, version: v1, host: h, port: many}", "port must be a number"],
  ["- {group: a, group: b}", "document 0"],
  ["{a: [}", "document 0"],
])("%s: %s", (text, words) => {
  expect(() => remoteServices(text)).toThrow(words);
});
