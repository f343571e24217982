import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Handler, Logger } from "@dataplane/meta";
import { CannotStart } from "../cannot-start.js";
import { nodeListener } from "../listen/node-adapter.js";
import { PeerCertificates } from "../listen/peer-certificate.js";
import { listenForUpgrades } from "../listen/upgrade-listener.js";
import type { ControlIdentity } from "./messages.js";

export interface ControlSocket {
  readonly path: string;
  /** Ends every connection: no worker is left. */
  close(): Promise<void>;
}

export interface ControlSocketOptions {
  /** Of this server; `run/control.sock` is in it. */
  readonly dataPath: string;
  readonly identity: ControlIdentity;
  readonly handler: Handler;
  readonly logger: Logger;
}

/** What the system takes for a socket's path (sockaddr_un), with its end. */
const longestPath = 107;

/** Listens for this server's own workers (0600): a connection without the identity's certificate is no connection. Throws CannotStart. */
export async function openControlSocket(options: ControlSocketOptions): Promise<ControlSocket> {
  const { identity, handler, logger } = options;
  const place = placeOf(options.dataPath);
  const certificates = new PeerCertificates();
  const server = createServer(
    {
      ...{ key: identity.key, cert: identity.cert, ca: identity.cert, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" },
      // Headers of clients, which were bounded before, and a few more; a worker keeps its connections for as long as it likes.
      ...{ maxHeaderSize: 262_144, headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 },
    },
    nodeListener(handler, logger),
  );
  server.on("secureConnection", (socket) => certificates.remember(socket));
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  const upgrades = listenForUpgrades(server, handler, logger);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new CannotStart(`${place.path} cannot be listened on: ${cause.message}`, { cause })));
    server.listen(place.path, resolve);
  });
  chmodSync(place.path, 0o600);
  return {
    path: place.path,
    async close() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      upgrades.destroy();
      server.closeAllConnections();
      await ended;
      place.remove();
    },
  };
}

/** In the data folder, unless its path is too long for a socket. What a killed server left is removed. */
function placeOf(dataPath: string): { readonly path: string; remove(): void } {
  const folder = path.join(dataPath, "run");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, "control.sock");
  if (Buffer.byteLength(file) <= longestPath) {
    rmSync(file, { force: true });
    return { path: file, remove: () => rmSync(file, { force: true }) };
  }
  const own = mkdtempSync(path.join(tmpdir(), "dataplane-"));
  return { path: path.join(own, "control.sock"), remove: () => rmSync(own, { recursive: true, force: true }) };
}
