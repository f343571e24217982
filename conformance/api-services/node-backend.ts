import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { CertificateFiles } from "../testing/certificate-authority.js";

/** What a server behind says of itself: a path is answered by an object, or by the text as it is. */
export type Documents = Readonly<Record<string, object | string>>;

/** An extension API server in Node alone. */
export interface NodeBackend {
  readonly port: number;
  /** Connections that were made so far. */
  connections(): number;
  /** What new connections are shown from now on; those there are stay. */
  show(certificate: CertificateFiles): void;
  /** Ends every connection; nothing listens until it is up again. */
  down(): Promise<void>;
  up(): Promise<void>;
}

export async function startNodeBackend(certificate: CertificateFiles, documents: Documents): Promise<NodeBackend> {
  let connections = 0;
  let server = listener(certificate, documents);
  server.on("secureConnection", () => connections++);
  const port = await listen(server, 0);
  return {
    port,
    connections: () => connections,
    show: (next) => server.setSecureContext(secure(next)),
    down: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    async up() {
      server = listener(certificate, documents);
      server.on("secureConnection", () => connections++);
      await listen(server, port);
    },
  };
}

const secure = ({ key, cert }: CertificateFiles) => ({ key: readFileSync(key), cert: readFileSync(cert) });

const listener = (certificate: CertificateFiles, documents: Documents): Server =>
  createServer(secure(certificate), ({ url = "" }: IncomingMessage, response: ServerResponse) => {
    const document = documents[url.split("?")[0] ?? ""];
    const missing = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", message: "not found", code: 404 };
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(typeof document === "string" ? document : JSON.stringify(document ?? missing));
  });

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
