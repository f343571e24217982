import { X509Certificate } from "node:crypto";
import { connect, createServer } from "node:tls";
import { expect, test } from "vitest";
import { certificatePem, issueCertificate, newKeyPair } from "./certificate.js";

const now = Date.now();
const period = { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + 86_400_000) };

function authority() {
  const pair = newKeyPair();
  const der = issueCertificate({
    subject: "test ca",
    publicKey: pair.publicKey,
    issuer: { name: "test ca", privateKey: pair.privateKey },
    ...period,
    dnsNames: [],
    ipAddresses: [],
    usages: [],
    isAuthority: true,
  });
  return { pair, pem: certificatePem(der) };
}

test("a leaf has the names, addresses and period that were asked for, and its issuer's signature", () => {
  const ca = authority();
  const leaf = newKeyPair();
  const der = issueCertificate({
    subject: "leaf",
    publicKey: leaf.publicKey,
    issuer: { name: "test ca", privateKey: ca.pair.privateKey },
    ...period,
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1", "::1", "2001:db8::a:1"],
    usages: ["serverAuth"],
    isAuthority: false,
  });
  const parsed = new X509Certificate(der);
  expect(parsed.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:2001:DB8:0:0:0:0:A:1");
  expect(parsed.verify(ca.pair.publicKey)).toBe(true);
  expect(parsed.checkIssued(new X509Certificate(ca.pem))).toBe(true);
  expect(parsed.ca).toBe(false);
  expect(new X509Certificate(ca.pem).ca).toBe(true);
  expect(Math.abs(Date.parse(parsed.validTo) - period.notAfter.getTime())).toBeLessThan(1000);
});

test("a date after 2049 is written as GeneralizedTime", () => {
  const pair = newKeyPair();
  const der = issueCertificate({
    subject: "s",
    publicKey: pair.publicKey,
    issuer: { name: "s", privateKey: pair.privateKey },
    notBefore: new Date("2024-01-01T00:00:00Z"),
    notAfter: new Date("2061-02-03T04:05:06Z"),
    dnsNames: [],
    ipAddresses: [],
    usages: [],
    isAuthority: true,
  });
  expect(new Date(new X509Certificate(der).validTo).toISOString()).toBe("2061-02-03T04:05:06.000Z");
});

test("Node's TLS accepts the chain for localhost", async () => {
  const ca = authority();
  const leaf = newKeyPair();
  const der = issueCertificate({
    subject: "leaf",
    publicKey: leaf.publicKey,
    issuer: { name: "test ca", privateKey: ca.pair.privateKey },
    ...period,
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    usages: ["serverAuth", "clientAuth"],
    isAuthority: false,
  });
  const server = createServer({ key: leaf.privateKey.export({ type: "pkcs8", format: "pem" }), cert: certificatePem(der) }, (socket) =>
    socket.end("hello"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca: ca.pem });
    socket.on("data", (data: Buffer) => resolve(data.toString()));
    socket.on("error", reject);
  });
  server.close();
  expect(text).toBe("hello");
});
