import { expect, test } from "vitest";
import { decodeObject } from "./decode-object.js";

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
  expect(() => decodeObject(enveloped("v1", "Pod", []))).toThrow(expect.objectContaining({ code: 415 }));
  expect(() => decodeObject(Uint8Array.from([1, 2, 3]))).toThrow(expect.objectContaining({ code: 400 }));
  expect(() => decodeObject(enveloped("v1", "Namespace", [10, 200]))).toThrow(expect.objectContaining({ code: 400 }));
});
