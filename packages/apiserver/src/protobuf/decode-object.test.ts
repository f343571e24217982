import { expect, test } from "vitest";
import { decodeObject } from "./decode-object.js";
import { encodeObject } from "./encode-object.js";

const text = (field: number, value: string): number[] => [field * 8 + 2, Buffer.byteLength(value), ...Buffer.from(value)];
const nested = (field: number, bytes: readonly number[]): number[] => [field * 8 + 2, bytes.length, ...bytes];
const enveloped = (apiVersion: string, kind: string, object: readonly number[]): Uint8Array =>
  Uint8Array.from([0x6b, 0x38, 0x73, 0, ...nested(1, [...text(1, apiVersion), ...text(2, kind)]), ...nested(2, object)]);

test("a namespace as kubectl create sends it", () => {
  const metadata = [...text(1, "team"), ...text(2, ""), ...nested(8, []), ...nested(11, [...text(1, "a"), ...text(2, "b")])];
  expect(decodeObject(enveloped("v1", "Namespace", [...nested(1, metadata), ...nested(2, []), ...nested(3, text(1, ""))]))).toEqual({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "team", labels: { a: "b" } },
    spec: {},
    status: {},
  });
});

test("a lease keeps microseconds", () => {
  const time = [8, 128, 148, 235, 220, 3, 16, 232, 7];
  expect(decodeObject(enveloped("coordination.k8s.io/v1", "Lease", nested(2, [...text(1, "me"), 16, 15, ...nested(4, time)])))).toMatchObject({
    spec: { holderIdentity: "me", leaseDurationSeconds: 15, renewTime: "2001-09-09T01:46:40.000001Z" },
  });
});

test("other kinds are 415, and what is no protobuf is 400", () => {
  expect(() => decodeObject(enveloped("example.org/v1", "Widget", []))).toThrow(expect.objectContaining({ code: 415 }));
  expect(() => decodeObject(Uint8Array.from([1, 2, 3]))).toThrow(expect.objectContaining({ code: 400 }));
  expect(() => decodeObject(enveloped("v1", "Namespace", [10, 200]))).toThrow(expect.objectContaining({ code: 400 }));
});

test.each([
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "c", labels: { a: "b", "": "" } },
    data: { k: "v", e: "", __proto__x: "p" },
    immutable: true,
  },
  { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { k: "AAECAw==" }, type: "Opaque" },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: {
      ports: [
        { protocol: "TCP", port: 80, targetPort: "web" },
        { protocol: "UDP", port: 53, targetPort: 53 },
      ],
    },
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", creationTimestamp: "2026-01-02T03:04:05Z" },
    spec: {
      replicas: 0,
      selector: { matchLabels: { a: "b" } },
      template: { spec: { containers: [{ name: "c", image: "i", resources: { limits: { cpu: "100m" } } }], volumes: [{ name: "v", emptyDir: {} }] } },
    },
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "r" },
    rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
  },
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "w" },
    spec: {
      group: "g",
      names: { plural: "w", kind: "W" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: false,
          schema: {
            openAPIV3Schema: {
              type: "object",
              additionalProperties: false,
              default: { a: [1, null] },
              properties: { x: { type: "array", items: { "x-kubernetes-int-or-string": true } } },
            },
          },
        },
      ],
    },
  },
  { apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure", message: "no", reason: "NotFound", code: 404 },
])("$kind is the same after it was protobuf", (object) => {
  expect(decodeObject(encodeObject(object))).toEqual(object);
});
