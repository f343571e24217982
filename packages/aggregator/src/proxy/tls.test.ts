import { createServer, type ServerOptions } from "node:https";
import { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { aBackend } from "../testing/a-backend.js";
import { proxyPath, startProxy } from "../testing/a-proxy.js";
import { issueCertificate } from "../testing/issue-certificate.js";

const tlsServer = (options: ServerOptions) => ({
  scheme: "https",
  make: (listener: Parameters<typeof createServer>[1]) => createServer(options, listener),
});

test("a data source's TLS settings: authority, name, laxness, client certificate", async () => {
  const ip = await issueCertificate("IP:127.0.0.1");
  const named = await issueCertificate("DNS:db.internal");
  const client = await issueCertificate("DNS:client");
  const seen: unknown[] = [];
  await using plain = await aBackend(undefined, tlsServer(ip));
  await using other = await aBackend((_, response, raw) => {
    if (raw.socket instanceof TLSSocket && "servername" in raw.socket) seen.push(raw.socket.servername);
    response.end();
  }, tlsServer(named));
  await using mutual = await aBackend(undefined, tlsServer({ ...ip, requestCert: true, ca: client.cert }));
  const status = async (url: string, jsonData: Readonly<Record<string, unknown>> = {}, secure: Readonly<Record<string, string>> = {}) => {
    const { send } = startProxy({ url, jsonData, secure });
    return (await send("GET", proxyPath)).status;
  };

  expect(await status(plain.url)).toBe(502);
  expect(await status(plain.url, { tlsSkipVerify: true })).toBe(200);
  expect(await status(plain.url, { tlsAuthWithCACert: true }, { tlsCACert: ip.cert })).toBe(200);
  // The switch decides, not the secret that is still there.
  expect(await status(plain.url, {}, { tlsCACert: ip.cert })).toBe(502);
  expect(await status(other.url, { tlsAuthWithCACert: true }, { tlsCACert: named.cert })).toBe(502);
  expect(await status(other.url, { tlsAuthWithCACert: true, serverName: "db.internal" }, { tlsCACert: named.cert })).toBe(200);
  expect(seen).toEqual(["db.internal"]);
  const trusted = { tlsCACert: ip.cert };
  expect(await status(mutual.url, { tlsAuthWithCACert: true }, trusted)).toBe(502);
  const withClient = { ...trusted, tlsClientCert: client.cert, tlsClientKey: client.key };
  expect(await status(mutual.url, { tlsAuthWithCACert: true, tlsAuth: true }, withClient)).toBe(200);
  expect(await status(mutual.url, { tlsAuthWithCACert: true, tlsAuth: true }, { ...withClient, tlsClientKey: "no key" })).toBe(502);
});
