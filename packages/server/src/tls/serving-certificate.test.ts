import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { openServingCertificate } from "./serving-certificate.js";

const folder = () => mkdtempSync(path.join(tmpdir(), "tls-"));
const now = new Date();
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);

test("the certificate is good for localhost and both loopback addresses, and signed by the authority beside it", () => {
  const { cert, ca } = openServingCertificate(folder(), now);
  const leaf = new X509Certificate(cert);
  for (const name of ["localhost"]) expect(leaf.checkHost(name)).toBe(name);
  for (const address of ["127.0.0.1", "::1"]) expect(leaf.checkIP(address)).toBe(address);
  expect(leaf.verify(new X509Certificate(ca).publicKey)).toBe(true);
});

test("keys are the owner's alone", () => {
  const directory = folder();
  openServingCertificate(directory, now);
  for (const key of ["ca.key", "serving.key"]) expect(statSync(path.join(directory, key)).mode & 0o777).toBe(0o600);
});

test("a restart keeps authority and certificate; a certificate near its end is renewed under the same authority", () => {
  const directory = folder();
  const first = openServingCertificate(directory, now);
  expect(openServingCertificate(directory, later(1))).toEqual(first);
  const renewed = openServingCertificate(directory, later(340));
  expect(renewed.cert).not.toBe(first.cert);
  expect(renewed.ca).toBe(first.ca);
  expect(readFileSync(path.join(directory, "ca.crt"), "utf8")).toBe(first.ca);
});
