import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { authorityExtensions, clientExtensions, issueByOpenssl } from "@dataplane/apiserver/testing";
import type { ApiService } from "../apiservice.js";
import type { ServiceResolver } from "../remote/service-resolver.js";

const authority = await issueByOpenssl({ subject: "/CN=remote authority", extensions: authorityExtensions });
const named = ["subjectAltName=DNS:metrics.backends.svc,DNS:localhost", "extendedKeyUsage=serverAuth"];
const serving = await issueByOpenssl({ subject: "/CN=remote", issuer: authority, extensions: named });
const proxyAuthority = await issueByOpenssl({ subject: "/CN=proxies", extensions: authorityExtensions });

/** Client certificates of proxies in front, each of the same authority. */
export const proxyCertificates = [
  await issueByOpenssl({ subject: "/CN=front-proxy-client", issuer: proxyAuthority, extensions: clientExtensions }),
  await issueByOpenssl({ subject: "/CN=front-proxy-next", issuer: proxyAuthority, extensions: clientExtensions }),
] as const;

export interface Remote extends AsyncDisposable {
  readonly port: number;
  /** Of what it serves, trusted by its own authority. */
  readonly service: ApiService;
  /** Where it is, whatever service is asked for. */
  readonly resolver: ServiceResolver;
  readonly connections: () => number;
  /** From now on nothing is read from any connection, and nothing is answered. */
  freeze(): void;
}

export interface RemoteOptions {
  readonly http2?: boolean;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex) => void;
}

/** A server behind, which asks for the certificate of a proxy. */
export async function startRemote(listener: RequestListener, { http2 = true, upgrade }: RemoteOptions = {}): Promise<Remote> {
  const sockets = new Set<Socket>();
  const tls = { key: serving.key, cert: serving.cert, ca: proxyAuthority.cert, requestCert: true, rejectUnauthorized: true };
  const server: Server = http2 ? createSecureServer({ ...tls, allowHTTP1: true }) : createHttpsServer(tls);
  // Node's two kinds of requests have the parts in common that are used here.
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    listener(request, response);
  });
  if (upgrade !== undefined) server.on("upgrade", (request: IncomingMessage, socket: Duplex) => upgrade(request, socket));
  const port = await listen(server);
  // A machine in between, which can go silent without a word.
  const between = createServer((socket) => {
    const onward = connect(port, "127.0.0.1");
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(end);
      end.on("error", () => undefined);
      end.on("close", () => {
        sockets.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  });
  const address = await listen(between);
  return {
    port: address,
    service: aService({ caBundle: authority.cert }),
    resolver: {
      resolve: () => ({ host: "127.0.0.1", port: address, serverNames: ["metrics.backends.svc"] }),
      onChange: () => () => undefined,
    },
    connections: () => sockets.size / 2,
    freeze() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      between.close();
      server.close();
      await Promise.all([once(server, "close"), once(between, "close")]);
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export const aService = (more: Partial<ApiService> = {}): ApiService => ({
  ...{ name: "v1.metrics.example.com", group: "metrics.example.com", version: "v1", labels: {}, conditions: [] },
  service: { namespace: "backends", name: "metrics", port: 443 },
  ...{ caBundle: undefined, insecureSkipTlsVerify: false, groupPriorityMinimum: 100, versionPriority: 10 },
  ...more,
});
