import { readFileSync } from "node:fs";
import { changeRevision, StoreUnavailable } from "@dataplane/storage";
import { afterEach, describe, expect, test } from "vitest";
import { type OpenEtcdStoreOptions, openEtcdStore } from "./index.js";
import { findEtcd, findOnPath, type StartEtcdOptions, startEtcd, type TestEtcd } from "./testing/etcd.js";
import { nextWrite } from "./testing/next-write.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const base64 = (text: string): string => Buffer.from(text).toString("base64");

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: StartEtcdOptions = {}): Promise<TestEtcd> {
  const etcd = await startEtcd(options);
  if (etcd === undefined) throw new Error("etcd is not here");
  cleanups.push(() => etcd.stop());
  return etcd;
}

async function open(options: OpenEtcdStoreOptions) {
  const store = await openEtcdStore(options);
  cleanups.push(() => store.close());
  return store;
}

/** A user `dataplane` who may read and write below /dataplane alone. */
async function createUsers(etcd: TestEtcd): Promise<void> {
  for (const [user, role] of [
    ["root", "root"],
    ["dataplane", "store"],
  ] as const) {
    await etcd.admin("/v3/auth/role/add", { name: role });
    await etcd.admin("/v3/auth/user/add", { name: user, password: `${user} secret` });
    await etcd.admin("/v3/auth/user/grant", { user, role });
  }
  const perm = { permType: "READWRITE", key: base64("/dataplane/"), range_end: base64("/dataplane0") };
  await etcd.admin("/v3/auth/role/grant", { name: "store", perm });
  await etcd.admin("/v3/auth/enable", {});
}

describe.skipIf(findEtcd() === undefined)("access to etcd", { timeout: 60_000 }, () => {
  test("TLS with a client certificate, by its address", async () => {
    const etcd = await start({ tls: true });
    const { certificates, hosts } = etcd;
    if (certificates === undefined) throw new Error("no certificates");
    const ca = readFileSync(certificates.caFile);
    const [cert, key] = [readFileSync(certificates.clientCertFile), readFileSync(certificates.clientKeyFile)];
    for (const tls of [
      { mode: "verify-full", ca, cert, key },
      { mode: "verify-ca", ca, cert, key },
      { mode: "require", cert, key },
    ] as const) {
      const store = await open({ hosts, prefix: `/${tls.mode}`, tls });
      const { revision } = await store.put("/a", bytes("1"), { expected: 0n });
      expect(await store.revision()).toBe(revision);
      const { value } = await store
        .watch("/", revision - 1n, AbortSignal.timeout(15_000))
        [Symbol.asyncIterator]()
        .next();
      expect(value).toMatchObject({ entry: { key: "/a" } });
    }
    // Another authority, and no certificate of our own.
    await expect(openEtcdStore({ hosts, prefix: "/x", tls: { mode: "verify-full", ca: cert, cert, key } })).rejects.toThrow(
      /unable to verify|certificate/,
    );
    await expect(openEtcdStore({ hosts, prefix: "/x", tls: { mode: "verify-full", ca } })).rejects.toThrow(StoreUnavailable);
  });

  for (const program of new Set([findEtcd(), findOnPath() ?? findEtcd()])) {
    test.skipIf(program === undefined)(`a user with rights below the prefix alone, also after the token is gone, with ${program ?? ""}`, async () => {
      const etcd = await start(program === undefined ? {} : { program });
      await createUsers(etcd);
      const store = await open({ hosts: etcd.hosts, prefix: "/dataplane", user: "dataplane", password: "dataplane secret" });
      const { revision } = await store.put("/a", bytes("1"), { expected: 0n, ttlSeconds: 60 });
      const watch = store.watch("/", revision, AbortSignal.timeout(20_000))[Symbol.asyncIterator]();
      const next = nextWrite(watch);
      // Tokens are in the memory of a member.
      await etcd.restart();
      expect((await store.get("/a"))?.revision).toBe(revision);
      const second = await store.put("/b", bytes("1"), { expected: 0n });
      expect(await next).toMatchObject({ entry: { key: "/b", revision: second.revision } });
      await store.compact(second.revision);

      const { token } = await etcd.admin("/v3/auth/authenticate", { name: "root", password: "root secret" });
      await etcd.admin("/v3/kv/put", { key: base64("/other"), value: base64("x") }, String(token));
      const later = await store.revision();
      expect(later).toBeGreaterThan(second.revision);
      for (let at = 0n; at < later; ) {
        const result = await watch.next();
        expect(result.value).toMatchObject({ type: "progress" });
        at = result.done === true ? 0n : changeRevision(result.value);
      }
      expect((await store.list("/")).entries.map(({ key }) => key)).toEqual(["/a", "/b"]);
    });
  }

  test("a wrong password, no user, and a prefix that is not the user's are told apart", async () => {
    const etcd = await start();
    await createUsers(etcd);
    const options = { hosts: etcd.hosts, prefix: "/dataplane", user: "dataplane", password: "dataplane secret" };
    await expect(openEtcdStore({ ...options, password: "wrong secret" })).rejects.toThrow("etcd refuses the login of dataplane");
    await expect(openEtcdStore({ hosts: etcd.hosts, prefix: "/dataplane" })).rejects.toThrow("user name is empty");
    await expect(openEtcdStore({ ...options, prefix: "/elsewhere" })).rejects.toThrow("permission denied");
  });
});
