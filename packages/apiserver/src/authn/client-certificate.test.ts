import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { HttpRequest } from "@dataplane/meta";
import { expect, test } from "vitest";
import { authorityExtensions, clientExtensions, issueByOpenssl } from "../testing/client-certificates.js";
import type { IssuedCertificate } from "../testing/issue-certificate.js";
import { remoteHeaders, requestHeaderAuthenticator } from "./request-header.js";
import { x509Authenticator } from "./x509.js";

const day = 86_400_000;
const authority = { extensions: authorityExtensions };
const ca = await issueByOpenssl({ subject: "/CN=the ca", ...authority });
const pki = {
  ca,
  otherCa: await issueByOpenssl({ subject: "/CN=other ca", ...authority }),
  /** Of the same name, by another key. */
  twin: await issueByOpenssl({ subject: "/CN=the ca", ...authority }),
  intermediate: await issueByOpenssl({ subject: "/CN=intermediate", issuer: ca, ...authority }),
  client: await issueByOpenssl({ subject: "/O=a/O=b, CN=root/CN=jörg", issuer: ca, extensions: clientExtensions }),
};

interface Sent {
  readonly headers?: HttpRequest["headers"];
  readonly rawHeaders?: readonly string[];
}

const aRequest = (peerCertificate: X509Certificate | undefined, { headers = {}, rawHeaders }: Sent = {}): HttpRequest => ({
  method: "GET",
  path: "/",
  query: new URLSearchParams(),
  headers,
  ...(rawHeaders === undefined ? {} : { rawHeaders }),
  body: (async function* () {})(),
  signal: new AbortController().signal,
  remoteAddress: "127.0.0.1",
  ...(peerCertificate === undefined ? {} : { peerCertificate }),
  context: {},
});

const userOf = async (certificate: X509Certificate, pem = pki.ca.cert, now = Date.now()) =>
  (await x509Authenticator({ ca: () => pem, now: () => now }).authenticate(aRequest(certificate)))?.user;

const parsed = ({ cert }: IssuedCertificate): X509Certificate => new X509Certificate(cert);

/** A chain as Node gives it after a handshake. */
async function shown(leaf: IssuedCertificate, ...chain: readonly IssuedCertificate[]): Promise<X509Certificate> {
  const server = createServer({ key: pki.ca.key, cert: pki.ca.cert, requestCert: true, rejectUnauthorized: false });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client = connect({ port, key: leaf.key, cert: [leaf, ...chain].map(({ cert }) => cert).join(""), rejectUnauthorized: false });
  const [socket] = (await once(server, "secureConnection")) as [TLSSocket];
  const certificate = socket.getPeerX509Certificate();
  client.destroy();
  server.close();
  if (certificate === undefined) throw new Error("no certificate was shown");
  return certificate;
}

test("a client certificate is a user: common name, organizations, and an id of the credential", async () => {
  const fingerprint = parsed(pki.client).fingerprint256.replaceAll(":", "").toLowerCase();
  expect(await userOf(parsed(pki.client))).toEqual({
    name: "jörg",
    groups: ["a", "b, CN=root", "system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  });
});

test("the credential expires with its certificate, and one authority among several is enough", async () => {
  const authenticator = x509Authenticator({ ca: () => pki.otherCa.cert + pki.ca.cert });
  const found = await authenticator.authenticate(aRequest(parsed(pki.client)));
  // The authority is the elder by a moment, and may end first.
  expect(found?.expires).toBe(Math.min(Date.parse(parsed(pki.client).validTo), Date.parse(parsed(pki.ca).validTo)));
});

test("nobody is believed without a certificate, or by one of another CA, by itself, or of a CA that has only the name", async () => {
  const itself = await issueByOpenssl({ subject: "/CN=jörg", extensions: clientExtensions });
  for (const pem of [pki.otherCa.cert, pki.twin.cert, ""]) expect(await userOf(parsed(pki.client), pem)).toBeUndefined();
  expect(await userOf(parsed(itself))).toBeUndefined();
  expect(await x509Authenticator({ ca: () => pki.ca.cert }).authenticate(aRequest(undefined))).toBeUndefined();
});

test("a certificate counts from its first day to its last, its authority's too", async () => {
  expect(await userOf(parsed(pki.client), pki.ca.cert, Date.now() + 11 * day)).toBeUndefined();
  expect(await userOf(parsed(pki.client), pki.ca.cert, Date.now() - day)).toBeUndefined();
});

test("a verdict ends with the certificate, and with the authority that it was given by", async () => {
  let now = Date.now();
  let pem = pki.ca.cert;
  const authenticator = x509Authenticator({ ca: () => pem, now: () => now });
  const request = aRequest(parsed(pki.client));
  expect(await authenticator.authenticate(request)).toBeDefined();
  expect(await authenticator.authenticate(request)).toBe(await authenticator.authenticate(request));
  pem = pki.otherCa.cert;
  expect(await authenticator.authenticate(request)).toBeUndefined();
  pem = pki.ca.cert;
  expect(await authenticator.authenticate(request)).toBeDefined();
  now += 11 * day;
  expect(await authenticator.authenticate(request)).toBeUndefined();
});

test("a certificate that is for servers alone, is signed over SHA-1, or has no common name is nobody's", async () => {
  const wishes = [
    { subject: "/CN=ann", extensions: ["extendedKeyUsage=serverAuth"] },
    { subject: "/CN=ann", extensions: clientExtensions, digest: "sha1" as const },
    { subject: "/O=ann", extensions: clientExtensions },
    { subject: "/CN=ann/kubernetesUid=1/kubernetesUid=2", extensions: clientExtensions },
  ];
  for (const wish of wishes) expect(await userOf(parsed(await issueByOpenssl({ ...wish, issuer: pki.ca }))), JSON.stringify(wish)).toBeUndefined();
});

test("one without extended usages is for any, and Kubernetes' attribute is the uid", async () => {
  const plain = await issueByOpenssl({ subject: "/CN=ann/kubernetesUid=u-1", issuer: pki.ca, extensions: ["keyUsage=digitalSignature"] });
  expect(await userOf(parsed(plain))).toMatchObject({ name: "ann", uid: "u-1" });
});

test("intermediates that the client sends lead to the authority; a leaf may not issue", async () => {
  const leaf = await issueByOpenssl({ subject: "/CN=ann", issuer: pki.intermediate, extensions: clientExtensions });
  expect(await userOf(await shown(leaf, pki.intermediate))).toMatchObject({ name: "ann" });
  expect(await userOf(await shown(leaf, pki.otherCa, pki.intermediate))).toMatchObject({ name: "ann" });
  expect(await userOf(await shown(leaf))).toBeUndefined();
  const forged = await issueByOpenssl({ subject: "/CN=root", issuer: pki.client, extensions: clientExtensions });
  expect(await userOf(await shown(forged, pki.client))).toBeUndefined();
  const forServers = await issueByOpenssl({
    subject: "/CN=servers only",
    issuer: pki.ca,
    extensions: [...authorityExtensions, "extendedKeyUsage=serverAuth"],
  });
  const under = await issueByOpenssl({ subject: "/CN=ann", issuer: forServers, extensions: clientExtensions });
  expect(await userOf(await shown(under, forServers))).toBeUndefined();
});

const remote = (allowedNames: readonly string[] = ["jörg"], pem = pki.ca.cert) =>
  requestHeaderAuthenticator({ ...remoteHeaders, ca: () => pem, allowedNames });

const identity = {
  rawHeaders: [
    ...["X-Remote-User", Buffer.from("Zoë").toString("latin1"), "X-Remote-Uid", "u1", "x-remote-group", "a, b", "X-Remote-Group", "c"],
    ...[
      "X-Remote-Extra-Example.com%2fScope",
      "s1",
      "x-remote-extra-example.com%2fscope",
      "s2",
      "X-Remote-Extra-100%",
      "x",
      "X-Remote-Extra-__proto__",
      "p",
    ],
    ...["Authorization", "Bearer t"],
  ],
};

test("a proxy with a certificate says who asks, each value of its own; none of it goes further", async () => {
  const found = await remote().authenticate(aRequest(parsed(pki.client), identity));
  expect(found?.user).toEqual({
    name: "Zoë",
    uid: "u1",
    groups: ["a, b", "c", "system:authenticated"],
    extra: Object.fromEntries([
      ["example.com/scope", ["s1", "s2"]],
      ["100%", ["x"]],
      ["__proto__", ["p"]],
    ]),
  });
  const headers = ["authorization", "x-remote-user", "x-remote-uid", "x-remote-group", "x-remote-extra-example.com%2fscope"];
  expect(found?.credentialHeaders).toEqual(expect.arrayContaining(headers));
  expect(found?.expires).toBeUndefined();
});

test("headers of whoever is no such proxy are no credential", async () => {
  const serverOnly = await issueByOpenssl({ subject: "/CN=jörg", issuer: pki.ca, extensions: ["extendedKeyUsage=serverAuth"] });
  const itself = await issueByOpenssl({ subject: "/CN=jörg", extensions: clientExtensions });
  for (const certificate of [undefined, parsed(serverOnly), parsed(itself)])
    expect(await remote().authenticate(aRequest(certificate, identity))).toBeUndefined();
  expect(await remote(["jorg"]).authenticate(aRequest(parsed(pki.client), identity))).toBeUndefined();
  expect(await remote([], pki.otherCa.cert).authenticate(aRequest(parsed(pki.client), identity))).toBeUndefined();
  expect(await remote([]).authenticate(aRequest(parsed(pki.client), identity))).toMatchObject({ user: { name: "Zoë" } });
});

test("a proxy that names nobody is not authenticated by it; one that says somebody is anonymous is believed", async () => {
  expect(await remote().authenticate(aRequest(parsed(pki.client), { rawHeaders: ["X-Remote-User", "", "X-Remote-Group", "a"] }))).toBeUndefined();
  const anonymous = ["X-Remote-User", "system:anonymous", "X-Remote-Group", "system:unauthenticated"];
  const found = await remote().authenticate(aRequest(parsed(pki.client), { rawHeaders: anonymous }));
  expect(found?.user).toEqual({ name: "system:anonymous", groups: ["system:unauthenticated"] });
});

test("a name that is no UTF-8 is 401: two of them would look alike", async () => {
  const request = aRequest(parsed(pki.client), { rawHeaders: ["X-Remote-User", "\u00e9"] });
  await expect(remote().authenticate(request)).rejects.toMatchObject({ code: 401 });
});

test("a request that came over no connection has its headers in one place alone", async () => {
  const request = aRequest(parsed(pki.client), { headers: { "x-remote-user": "ann", "x-remote-group": ["a", "b"] } });
  expect((await remote().authenticate(request))?.user).toEqual({ name: "ann", groups: ["a", "b", "system:authenticated"] });
});
