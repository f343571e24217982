import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Handler, Logger } from "@dataplane/meta";
import type { Live } from "../tls/live.js";
import { nodeListener } from "./node-adapter.js";
import { PeerCertificates } from "./peer-certificate.js";
import { endWhenDead, type LivenessTimes } from "./session-liveness.js";
import { limitStreamResets } from "./stream-resets.js";
import { listenForUpgrades } from "./upgrade-listener.js";

export interface Listener {
  readonly port: number;
  /** Answers end their connections from now on, so that clients find another server; new connections are still taken. */
  drain(): void;
  /** No new connections or requests; resolves when those in flight are answered. */
  close(): Promise<void>;
  /** Breaks what is still open. */
  destroy(): void;
}

/** The port is somebody else's. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

export interface ServeOptions {
  readonly handler: Handler;
  readonly logger: Logger;
  /** How long a client may take for its headers; a minute unless told. */
  readonly headersTimeoutMs?: number;
}

interface ListenOptions extends ServeOptions {
  /** Empty: all addresses, IPv6 and IPv4. */
  readonly host: string;
  readonly port: number;
}

// A header section of over 64 KiB is refused with 431 by Node; a slow one is cut.
const httpOptions = ({ headersTimeoutMs = 60_000 }: ServeOptions) => ({
  ...{ maxHeaderSize: 65_536, headersTimeout: headersTimeoutMs, requestTimeout: 0, keepAliveTimeout: 75_000 },
  connectionsCheckingInterval: Math.min(30_000, headersTimeoutMs),
});

/** A server without a port of its own: connections come from a listener, or are given to it (`server.emit("connection", socket)`). */
export interface Serving {
  readonly server: NetServer;
  /** Answers end their connections from now on. */
  drain(): void;
  /** Ends the connections that wait for a request. */
  closeIdle(): void;
  /** Breaks what is still open. */
  destroy(): void;
  /** Forgets what it follows, after the last connection. */
  release(): void;
}

/** HTTP/1.1 in the clear. Throws PortTaken. */
export const listenHttp = (options: ListenOptions): Promise<Listener> => listenOn(serveHttp(options), options);

/** HTTP/1.1 in the clear, over connections from anywhere. */
export function serveHttp(options: ServeOptions): Serving {
  const draining = { isSet: false };
  const server = createHttpServer(httpOptions(options), closingWhile(draining, nodeListener(options.handler, options.logger)));
  const upgrades = listenForUpgrades(server, options.handler, options.logger);
  return {
    server,
    drain() {
      draining.isSet = true;
    },
    closeIdle: () => server.closeIdleConnections(),
    destroy() {
      upgrades.destroy();
      server.closeAllConnections();
    },
    release: () => undefined,
  };
}

/** What a TLS listener shows, and whose clients it asks for a certificate; PEM. */
export interface ListenerCredentials {
  readonly key: string;
  /** The leaf first. */
  readonly cert: string;
  /** Authorities that are named to clients, which choose their certificate by them. Whether one is believed is decided behind. */
  readonly clientAuthorities: string;
}

interface Secure {
  readonly credentials: Live<ListenerCredentials>;
  readonly liveness?: LivenessTimes;
}

/** As `serveHttps`, on a port. Throws PortTaken. */
export const listenHttps = (options: ListenOptions & Secure): Promise<Listener> => listenOn(serveHttps(options), options);

/**
 * HTTP/1.1 and HTTP/2 over TLS, told apart by ALPN: one TLS server hands each connection to a server for its protocol, so that
 * either can be exchanged alone. New credentials hold for the next connection, and break none.
 */
export function serveHttps(options: ServeOptions & Secure): Serving {
  const listener = nodeListener(options.handler, options.logger);
  const draining = { isSet: false };
  const http1 = createHttpServer(httpOptions(options), closingWhile(draining, listener));
  listenForUpgrades(http1, options.handler, options.logger);
  startCounting(http1);
  const http2 = createHttp2Server({ maxSessionMemory: 64, settings: { maxConcurrentStreams: 250 } }, listener);
  const sessions = new Set<{ close(): void; destroy(): void; readonly closed: boolean }>();
  http2.on("session", (session) => {
    sessions.add(session);
    limitStreamResets(session);
    endWhenDead(session, options.liveness);
    session.on("close", () => sessions.delete(session));
    // A broken connection is its client's affair.
    session.on("error", () => undefined);
  });
  const sockets = new Set<Socket>();
  const certificates = new PeerCertificates();
  const tls = createTlsServer(
    // A client whose certificate nobody knows may have a password: no handshake fails for it.
    { ...tlsOptions(options.credentials.current), ALPNProtocols: ["h2", "http/1.1"], requestCert: true, rejectUnauthorized: false },
    (socket) => {
      certificates.remember(socket);
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
      (socket.alpnProtocol === "h2" ? http2 : http1).emit("connection", socket);
    },
  );
  tls.on("tlsClientError", (_error, socket) => socket.destroy());
  const stopExchanging = options.credentials.onChange((credentials) => tls.setSecureContext(tlsOptions(credentials)));
  return {
    server: tls,
    drain() {
      draining.isSet = true;
      // GOAWAY: what was begun goes on.
      for (const session of sessions) session.close();
    },
    closeIdle() {
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
    },
    destroy() {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
    release: stopExchanging,
  };
}

/** Node looks after idle and slow connections of a server from the moment that it listens; one that is given its connections never does. */
const startCounting = (server: HttpServer): void => void server.emit("listening");

const closingWhile =
  (draining: { readonly isSet: boolean }, listener: RequestListener): RequestListener =>
  (incoming, outgoing) => {
    if (draining.isSet) outgoing.setHeader("connection", "close");
    listener(incoming, outgoing);
  };

const tlsOptions = ({ key, cert, clientAuthorities }: ListenerCredentials) => ({ key, cert, ca: clientAuthorities, minVersion: "TLSv1.2" as const });

async function listenOn(serving: Serving, options: ListenOptions): Promise<Listener> {
  const { server } = serving;
  const port = await takePort(server, options);
  return {
    port,
    drain: () => serving.drain(),
    async close() {
      serving.release();
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      serving.closeIdle();
      // A connection that was busy at the call is idle after its answer, and would be kept alive.
      const idle = setInterval(() => serving.closeIdle(), 50);
      await ended;
      clearInterval(idle);
    },
    destroy: () => serving.destroy(),
  };
}

/** Takes the port. Throws PortTaken. */
export async function takePort(server: NetServer, { host, port }: Pick<ListenOptions, "host" | "port">): Promise<number> {
  try {
    return await bind(server, host === "" ? "::" : host, port);
  } catch (error) {
    // A machine without IPv6 has no "::".
    if (host === "" && hasCode(error, "EAFNOSUPPORT", "EADDRNOTAVAIL")) return bind(server, "0.0.0.0", port);
    throw error;
  }
}

function bind(server: NetServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void =>
      reject(hasCode(error, "EADDRINUSE") ? new PortTaken(`port ${port} is taken`, { cause: error }) : asError(error));
    server.once("error", failed);
    server.listen({ host, port }, () => {
      server.removeListener("error", failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && codes.includes(String(error.code));
