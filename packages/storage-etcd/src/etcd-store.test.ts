import { describeStore } from "@dataplane/storage/conformance";
import { afterAll, beforeAll, describe } from "vitest";
import { openEtcdStore } from "./index.js";
import { findEtcd, findOnPath, startEtcd, type TestEtcd } from "./testing/etcd.js";

const newest = findEtcd();
const installed = findOnPath();
if (newest === undefined) console.warn("etcd is not here: its tests are skipped (conformance/build-tools.sh builds it)");

for (const program of new Set([newest, installed])) {
  describe.skipIf(program === undefined)(`with ${program ?? "etcd"}`, () => {
    let etcd: TestEtcd | undefined;
    let opened = 0;

    beforeAll(async () => {
      etcd = await startEtcd({ ...(program === undefined ? {} : { program }) });
    });
    afterAll(() => etcd?.stop());

    describeStore("etcd", () => {
      opened += 1;
      return openEtcdStore({ hosts: etcd?.hosts ?? [], prefix: `/test-${opened}` });
    });
  });
}
