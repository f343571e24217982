import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { certificatesOf } from "@dataplane/apiserver";
import { authorityExtensions, clientExtensions, type IssuedCertificate, issueByOpenssl } from "@dataplane/apiserver/testing";
import { type Clock, silentLogger, systemClock } from "@dataplane/meta";
import { expect, test, vi } from "vitest";
import { ConfigError } from "../config/load-config.js";
import { type CertificatesOptions, openCertificates } from "./certificates.js";

const folder = () => mkdtempSync(path.join(tmpdir(), "certificates-"));
const day = 86_400_000;
const unset = {
  tlsCertFile: "",
  tlsPrivateKeyFile: "",
  clientCaFile: "",
  requestHeaderClientCaFile: "",
  proxyClientCertFile: "",
  proxyClientKeyFile: "",
};

const opened = (directory: string, more: Partial<CertificatesOptions["config"]> = {}, clock: Clock = systemClock) =>
  openCertificates({ directory, root: directory, config: { ...unset, ...more }, clock, logger: silentLogger, lookMs: 10 });

const daysFromNow = (days: number): Clock => ({ ...systemClock, now: () => new Date(Date.now() + days * day) });

const isIssuedBy = (cert: string, ca: string): boolean => certificatesOf(ca).some((it) => new X509Certificate(cert).verify(it.publicKey));

/** Replaces both as a careful writer does: each at one stroke. */
function exchange(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(path.join(directory, `${name}.new`), content);
    renameSync(path.join(directory, `${name}.new`), path.join(directory, name));
  }
}

test("the first start makes an authority of its own for servers, for users and for the proxy; keys are the owner's alone", () => {
  const directory = folder();
  const { serving, clientCa, requestHeaderCa, frontProxy, listener } = opened(directory);
  expect(new Set([serving.current.ca, clientCa.current, requestHeaderCa.current]).size).toBe(3);
  expect(isIssuedBy(frontProxy.current.cert, requestHeaderCa.current)).toBe(true);
  const proxy = new X509Certificate(frontProxy.current.cert);
  expect([proxy.subject, proxy.keyUsage]).toEqual(["CN=front-proxy-client", ["1.3.6.1.5.5.7.3.2"]]);
  expect(listener.current.clientAuthorities).toBe(clientCa.current + requestHeaderCa.current);
  for (const key of ["ca", "serving", "client-ca", "front-proxy-ca", "front-proxy-client"])
    expect(statSync(path.join(directory, `${key}.key`)).mode & 0o777, key).toBe(0o600);
  expect(opened(directory).frontProxy.current).toEqual(frontProxy.current);
});

test("what nears its end is made anew: the leaf first, the authority by the same key, so that what it signed stays good", () => {
  const directory = folder();
  const first = opened(directory);
  const later = opened(directory, {}, daysFromNow(340));
  expect(later.frontProxy.current.cert).not.toBe(first.frontProxy.current.cert);
  expect(later.requestHeaderCa.current).toBe(first.requestHeaderCa.current);
  const muchLater = opened(directory, {}, daysFromNow(3_000));
  expect(certificatesOf(muchLater.requestHeaderCa.current)).toHaveLength(2);
  expect(isIssuedBy(first.frontProxy.current.cert, muchLater.requestHeaderCa.current)).toBe(true);
  const [renewed] = certificatesOf(muchLater.clientCa.current);
  expect(Date.parse(renewed?.validTo ?? "")).toBeGreaterThan(Date.now() + 6_000 * day);
});

test("a pair whose halves do not belong together, as after a crash, is made anew at the start", () => {
  const directory = folder();
  const first = opened(directory);
  exchange(directory, { "front-proxy-client.key": readFileSync(path.join(directory, "serving.key"), "utf8") });
  const second = opened(directory).frontProxy.current;
  expect(second).not.toEqual(first.frontProxy.current);
  expect(new X509Certificate(second.cert).publicKey.asymmetricKeyType).toBe("ec");
});

const names = { cert: "served.crt", key: "served.key" };
const files = ({ cert, key }: IssuedCertificate) => ({ [names.cert]: cert, [names.key]: key });

test("configured files stand in place of our own, and are read again when they change, whole pairs alone", async () => {
  const directory = folder();
  const ca = await issueByOpenssl({ subject: "/CN=theirs", extensions: authorityExtensions });
  const [one, two] = await Promise.all(["/CN=one", "/CN=two"].map((subject) => issueByOpenssl({ subject, issuer: ca })));
  if (one === undefined || two === undefined) throw new Error("openssl made nothing");
  exchange(directory, { ...files({ ...one, cert: one.cert + ca.cert }), "users.crt": ca.cert });
  const certificates = opened(directory, { tlsCertFile: names.cert, tlsPrivateKeyFile: names.key, clientCaFile: "users.crt" });
  expect(certificates.serving.current).toEqual({ key: one.key, cert: one.cert + ca.cert, ca: ca.cert });
  expect(certificates.clientCa.current).toBe(ca.cert);
  const stop = new AbortController();
  const running = certificates.run(stop.signal);
  const shown: string[] = [];
  certificates.listener.onChange(({ cert }) => shown.push(cert));
  exchange(directory, { [names.cert]: two.cert });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(shown).toEqual([]);
  exchange(directory, files(two));
  await vi.waitFor(() => expect(shown).toEqual([two.cert]), 15_000);
  expect(certificates.serving.current.ca).toBe(two.cert);
  exchange(directory, { "users.crt": "nothing" });
  exchange(directory, files({ ...one, cert: one.cert + ca.cert }));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(certificates.clientCa.current).toBe(ca.cert);
  stop.abort();
  await running;
});

test("while the proxy's certificate is our own, those behind know its authority beside the configured one", async () => {
  const directory = folder();
  const ca = await issueByOpenssl({ subject: "/CN=proxies", extensions: authorityExtensions });
  const pair = await issueByOpenssl({ subject: "/CN=front", issuer: ca, extensions: clientExtensions });
  exchange(directory, { "proxies.crt": ca.cert, ...files(pair) });
  const own = opened(directory, { requestHeaderClientCaFile: "proxies.crt" });
  expect(isIssuedBy(own.frontProxy.current.cert, own.requestHeaderCa.current)).toBe(true);
  expect(certificatesOf(own.requestHeaderCa.current)).toHaveLength(2);
  const theirs = opened(directory, { requestHeaderClientCaFile: "proxies.crt", proxyClientCertFile: names.cert, proxyClientKeyFile: names.key });
  expect(theirs.requestHeaderCa.current).toBe(ca.cert);
  expect(theirs.frontProxy.current.cert).toBe(pair.cert);
});

test("files that cannot be used keep the server from starting, and the message names the key of the configuration", async () => {
  const directory = folder();
  const [one, two] = await Promise.all([issueByOpenssl({ subject: "/CN=one" }), issueByOpenssl({ subject: "/CN=two" })]);
  exchange(directory, { "one.crt": one.cert, "two.key": two.key, "none.crt": "no certificate" });
  const refusals: readonly (readonly [Partial<CertificatesOptions["config"]>, RegExp])[] = [
    [{ tlsCertFile: "one.crt" }, /tls_cert_file and tls_private_key_file go together/],
    [{ tlsCertFile: "one.crt", tlsPrivateKeyFile: "two.key" }, /tls_cert_file and tls_private_key_file: the key is not the certificate's/],
    [{ proxyClientCertFile: "missing.crt", proxyClientKeyFile: "two.key" }, /proxy_client_cert_file.*missing\.crt/],
    [{ clientCaFile: "none.crt" }, /client_ca_file: no certificate/],
    [{ requestHeaderClientCaFile: "missing.crt" }, /requestheader_client_ca_file.*missing\.crt/],
  ];
  for (const [config, message] of refusals) {
    expect(() => opened(directory, config)).toThrow(message);
    expect(() => opened(directory, config)).toThrow(ConfigError);
  }
  opened(directory);
  exchange(directory, { "client-ca.crt": one.cert });
  expect(() => opened(directory)).toThrow(/client-ca\.crt has no certificate for the key/);
});
