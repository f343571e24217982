import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { addSealingKey, openSealer } from "./sealer.js";

const keyDirectory = mkdtempSync(path.join(tmpdir(), "keys-"));

test("what was sealed opens again, also after a restart, and is not readable", () => {
  const sealed = openSealer({ keyDirectory }).seal("pass word é", "default/a/token");
  expect(sealed).not.toContain("pass");
  expect(openSealer({ keyDirectory }).open(sealed, "default/a/token")).toBe("pass word é");
  expect(statSync(path.join(keyDirectory, "secrets.key")).mode & 0o777).toBe(0o600);
});

test("the same value is sealed differently each time", () => {
  const sealer = openSealer({ keyDirectory });
  expect(sealer.seal("x", "b")).not.toBe(sealer.seal("x", "b"));
});

test("a value that was moved, changed or sealed under another key does not open", () => {
  const sealer = openSealer({ keyDirectory });
  const sealed = sealer.seal("x", "default/a/token");
  expect(() => sealer.open(sealed, "default/b/token")).toThrow("cannot be opened");
  expect(() => sealer.open(`${sealed.slice(0, -4)}AAA=`, "default/a/token")).toThrow("cannot be opened");
  expect(() => sealer.open("nonsense", "default/a/token")).toThrow("damaged");
  const other = openSealer({ keyDirectory: mkdtempSync(path.join(tmpdir(), "keys-")) });
  expect(() => other.open(sealed, "default/a/token")).toThrow("another key");
});

test("a broken key file is named", () => {
  const broken = mkdtempSync(path.join(tmpdir(), "keys-"));
  writeFileSync(path.join(broken, "secrets.key"), "short");
  expect(() => openSealer({ keyDirectory: broken })).toThrow("secrets.key does not hold a key");
});

test("keys are rotated while the sealer is in use: the first one seals, all open", () => {
  const keyDirectory = mkdtempSync(path.join(tmpdir(), "keys-"));
  const sealer = openSealer({ keyDirectory });
  const old = sealer.seal("secret", "a");
  const next = Buffer.alloc(32, 7);
  addSealingKey(keyDirectory, next, "last");
  const between = sealer.seal("secret", "a");
  addSealingKey(keyDirectory, next, "first");
  const fresh = sealer.seal("secret", "a");
  expect([old, between, fresh].map((sealed) => sealer.open(sealed, "a"))).toEqual(["secret", "secret", "secret"]);
  expect(readFileSync(path.join(keyDirectory, "secrets.key"), "utf8").split("\n")).toHaveLength(3);
  const onlyNext = mkdtempSync(path.join(tmpdir(), "keys-"));
  writeFileSync(path.join(onlyNext, "secrets.key"), next.toString("base64"));
  expect(openSealer({ keyDirectory: onlyNext }).open(fresh, "a")).toBe("secret");
  expect(() => openSealer({ keyDirectory: onlyNext }).open(between, "a")).toThrow("cannot be opened");
  rmSync(path.join(keyDirectory, "secrets.key"));
  expect(sealer.open(old, "a")).toBe("secret");
});
