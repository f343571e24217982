import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { CertificateFiles } from "../testing/certificate-authority.js";
import { answerSickly, type SickAnswer } from "./sick-answers.js";

/** How a server behind an APIService may be unwell; `well`: it is not. The list is every kind of which a user has told. */
export const sicknesses = [
  ...["down", "unresolvable", "silent", "reset", "expired", "wrong-authority", "wrong-name", "plain-http", "dead-http2"],
  ...["redirect", "unauthorized", "error", "html", "gzip-bomb", "slow"],
] as const satisfies readonly string[];
export type Sickness =
  | "down"
  | "unresolvable"
  | "silent"
  | "reset"
  | "expired"
  | "wrong-authority"
  | "wrong-name"
  | "plain-http"
  | "dead-http2"
  | SickAnswer;

/** Files of certificates by what is wrong with them. */
export type Certificates = Readonly<Record<"well" | "expired" | "wrong-authority" | "wrong-name", CertificateFiles>>;

/** One address whose server is what it is told to be. */
export interface SickBackend {
  readonly port: number;
  /** Ends every connection there is: the next one meets what is told. */
  be(condition: Sickness | "well"): Promise<void>;
  close(): Promise<void>;
}

export async function startSickBackend(certificates: Certificates, group: string): Promise<SickBackend> {
  const sockets = new Set<Socket>();
  let condition: Sickness | "well" = "well";
  const listener: RequestListener = (request, response) => answerSickly(condition, group, request, response);
  const secure = (files: CertificateFiles) => ({ key: readFileSync(files.key), cert: readFileSync(files.cert) });
  const https = Object.fromEntries(
    (["well", "expired", "wrong-authority", "wrong-name"] as const).map((name) => [name, createHttpsServer(secure(certificates[name]), listener)]),
  );
  const plain = createHttpServer(listener);
  const http2 = createSecureServer(secure(certificates.well));
  // What was accepted is kept, and nothing on it is ever answered.
  http2.on("session", ({ socket }) => setTimeout(() => socket.pause(), 200));
  const handled: Partial<Record<Sickness, Server>> = { "plain-http": plain, "dead-http2": http2 };

  const front = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    if (condition === "reset") socket.resetAndDestroy();
    else if (condition !== "silent") (handled[condition as Sickness] ?? https[condition] ?? https["well"])?.emit("connection", socket);
  });
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      front.once("error", reject);
      front.listen(port, "127.0.0.1", () => {
        front.off("error", reject);
        resolve((front.address() as AddressInfo).port);
      });
    });
  const unlisten = (): Promise<void> => new Promise((resolve) => (front.listening ? front.close(() => resolve()) : resolve()));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const port = await listen(0);
  return {
    port,
    async be(next) {
      condition = next;
      cut();
      if (next === "down") await unlisten();
      else if (!front.listening) await listen(port);
    },
    async close() {
      cut();
      await unlisten();
    },
  };
}
