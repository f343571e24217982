import { createSecureServer, type Http2SecureServer, type SecureServerOptions, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { UserInfo } from "@dataplane/meta";
import { certificatePem, issueCertificate, newKeyPair } from "@dataplane/plugin-protocol";
import { type ApiService, apiServiceFrom } from "../apiservice.js";
import { httpsTransport } from "../remote/https-transport.js";
import type { FrontProxyCredentials } from "../remote/remote-target.js";
import type { RemoteRequest, RemoteTransport } from "../remote/remote-transport.js";
import { anApiService } from "./start-kube-aggregator.js";

const day = 86_400_000;

export interface IssueOptions {
  readonly names: readonly string[];
  readonly notAfter?: Date;
}

/** An authority of a test's own; all PEM. */
export interface TestAuthority {
  readonly ca: string;
  issue(options: IssueOptions): FrontProxyCredentials;
}

export function anAuthority(name = "test authority"): TestAuthority {
  const pair = newKeyPair();
  const times = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() + day) };
  const none = { dnsNames: [], ipAddresses: [], usages: [] };
  const issuer = { name, privateKey: pair.privateKey };
  const ca = certificatePem(issueCertificate({ subject: name, publicKey: pair.publicKey, issuer, ...times, ...none, isAuthority: true }));
  return {
    ca,
    issue({ names, notAfter = times.notAfter }) {
      const own = newKeyPair();
      const leaf = issueCertificate({
        subject: names[0] ?? "nobody",
        publicKey: own.publicKey,
        issuer,
        ...times,
        notAfter,
        dnsNames: names,
        ipAddresses: [],
        usages: ["serverAuth", "clientAuth"],
        isAuthority: false,
      });
      return { key: own.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), cert: certificatePem(leaf) };
    },
  };
}

export interface TestRemote extends AsyncDisposable {
  readonly server: Http2SecureServer;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  readonly port: number;
}

/** HTTP/2 and HTTP/1.1 on a port of 127.0.0.1. */
export async function startRemote(options: SecureServerOptions, listen: (server: Http2SecureServer) => void): Promise<TestRemote> {
  const server = createSecureServer({ allowHTTP1: true, ...options });
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined);
  });
  server.on("secureConnection", (socket: TLSSocket) => sockets.add(socket));
  server.on("sessionError", () => undefined);
  listen(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    server,
    sessions,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export const serverName = "metrics.backends.svc";

export const aUser: UserInfo = { name: "jane", groups: ["devs", "system:authenticated"] };

/** The APIService `v1.metrics.example.com` whose server is trusted by `ca`. */
export const aRemoteService = (ca: string): ApiService =>
  apiServiceFrom(
    anApiService("v1.metrics.example.com", {
      service: { namespace: "backends", name: "metrics", port: 443 },
      caBundle: Buffer.from(ca).toString("base64"),
    }),
  );

/** A transport that finds every service at that port. */
export function aTransport(port: number, credentials: () => FrontProxyCredentials): RemoteTransport {
  const address = { host: "127.0.0.1", port, serverNames: [serverName] };
  return httpsTransport({ resolver: { resolve: () => address, onChange: () => () => undefined }, credentials });
}

export const aRequest = (parts: Partial<RemoteRequest> = {}): RemoteRequest => ({
  method: "GET",
  path: "/apis/metrics.example.com/v1",
  headers: {},
  user: aUser,
  signal: new AbortController().signal,
  ...parts,
});

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}
