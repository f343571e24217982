import { createCipheriv } from "node:crypto";
import { expect, test } from "vitest";
import { isSealed, sealedBy, type ValueCipher } from "../value-cipher.js";
import { aesCbcCipher } from "./aes-cbc.js";
import { aesGcmCipher } from "./aes-gcm.js";
import { secretboxCipher } from "./secretbox.js";

const key = Buffer.from("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "hex");
const plain = Buffer.from('{"metadata":{"name":"a"}}');
const at = "/core/secrets/default/a";
const makers = { aesgcm: aesGcmCipher, aescbc: aesCbcCipher, secretbox: secretboxCipher };
const all = Object.entries(makers).map(([name, make]) => [name, make({ keyName: "key1", key })] as const);

const sealed = async (cipher: ValueCipher): Promise<Buffer> => Buffer.from(await cipher.seal(plain, at));
const opening = async (cipher: ValueCipher, value: Uint8Array, storeKey = at): Promise<string> =>
  Buffer.from(await cipher.open(value, storeKey)).toString();

test.each(all)("%s opens what it sealed, and seals the same value differently each time", async (name, cipher) => {
  const [one, other] = [await sealed(cipher), await sealed(cipher)];
  expect(await opening(cipher, one)).toBe(plain.toString());
  expect(one.equals(other)).toBe(false);
  expect(one.includes("metadata")).toBe(false);
  expect(isSealed(one)).toBe(true);
  expect(sealedBy(one)).toEqual({ provider: name, keyName: "key1" });
});

test.each(all)("%s of another key does not open it", async (name, cipher) => {
  const other = makers[name as keyof typeof makers]({ keyName: "key1", key: Buffer.alloc(32, 9) });
  const value = await sealed(cipher);
  // CBC alone has no tag: by chance the padding may fit, but never the text.
  expect(await opening(other, value).catch(() => "refused")).not.toBe(plain.toString());
  expect(other.fingerprint).not.toBe(cipher.fingerprint);
});

test.each(all.filter(([name]) => name !== "aescbc"))("%s notices each byte that is changed", async (_name, cipher) => {
  const value = await sealed(cipher);
  for (let index = cipher.prefixes[0]?.byteLength ?? 0; index < value.byteLength; index += 1) {
    const changed = Buffer.from(value);
    changed[index] = (changed[index] ?? 0) ^ 1;
    await expect(opening(cipher, changed)).rejects.toThrow();
  }
  for (let length = cipher.prefixes[0]?.byteLength ?? 0; length < value.byteLength; length += 7)
    await expect(opening(cipher, value.subarray(0, length))).rejects.toThrow();
});

test("aesgcm does not open a value that was moved to another key", async () => {
  const cipher = aesGcmCipher({ keyName: "key1", key });
  await expect(opening(cipher, await sealed(cipher), "/core/secrets/default/b")).rejects.toThrow();
});

test("aesgcm takes another data key after so many values, and no nonce twice", async () => {
  const cipher = aesGcmCipher({ keyName: "key1", key, usesPerKey: 10 });
  const prefix = cipher.prefixes[0]?.byteLength ?? 0;
  const values = await Promise.all(Array.from({ length: 100 }, () => sealed(cipher)));
  const dataKeys = values.map((value) => value.subarray(prefix, prefix + 60).toString("hex"));
  const nonces = values.map((value, index) => `${dataKeys[index] ?? ""} ${value.subarray(prefix + 60, prefix + 72).toString("hex")}`);
  expect(new Set(dataKeys).size).toBe(10);
  expect(new Set(nonces).size).toBe(100);
  const another = aesGcmCipher({ keyName: "key1", key });
  for (const value of values) expect(await opening(another, value)).toBe(plain.toString());
});

test("aesgcm reads what kube-apiserver's aesgcm writes: nonce, ciphertext and tag under the key itself", async () => {
  const nonce = Buffer.alloc(12, 3);
  const gcm = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(at));
  const value = Buffer.concat([Buffer.from("k8s:enc:aesgcm:v1:key1:"), nonce, gcm.update(plain), gcm.final(), gcm.getAuthTag()]);
  expect(await opening(aesGcmCipher({ keyName: "key1", key }), value)).toBe(plain.toString());
});

test("secretbox is NaCl's", async () => {
  // The vector of NaCl's own tests/secretbox.c.
  const naclKey = Buffer.from("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389", "hex");
  const nonce = Buffer.from("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37", "hex");
  const box = Buffer.from(
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5",
    "hex",
  );
  const value = Buffer.concat([Buffer.from("k8s:enc:secretbox:v1:key1:"), nonce, box]);
  const opened = Buffer.from(await secretboxCipher({ keyName: "key1", key: naclKey }).open(value, at)).toString("hex");
  expect(opened.startsWith("be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c0123356")).toBe(
    true,
  );
});

test("aescbc is AES-CBC with PKCS#7 padding", async () => {
  // SP 800-38A, F.2.5 (CBC-AES256), with the block of padding behind it.
  const cbcKey = Buffer.from("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "hex");
  const iv = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
  const text = Buffer.from("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51", "hex");
  const cbc = createCipheriv(`aes-${String(cbcKey.byteLength * 8)}-cbc`, cbcKey, iv);
  const body = Buffer.concat([cbc.update(text), cbc.final()]);
  expect(body.toString("hex").startsWith("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d")).toBe(true);
  const value = Buffer.concat([Buffer.from("k8s:enc:aescbc:v1:key1:"), iv, body]);
  expect(Buffer.from(await aesCbcCipher({ keyName: "key1", key: cbcKey }).open(value, at)).equals(text)).toBe(true);
});
