import { connect, type TLSSocket } from "node:tls";
import { abortReason } from "@dataplane/meta";
import type { RemoteTarget } from "./remote-target.js";
import { RemoteFailure } from "./remote-transport.js";

/** From the first packet to the end of the handshake: a server that accepts and is silent is as good as none. */
export const connectTimeoutMs = 5_000;

/** A connection whose handshake is done. Rejects with RemoteFailure ServiceNotAccessible, or with the signal's reason. */
export function openTls({ tls, authority }: RemoteTarget, protocols: readonly string[], signal?: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = connect({ ...tls, ALPNProtocols: [...protocols] });
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(signal?.aborted === true ? abortReason(signal) : accessFailure(authority, error));
    };
    const late = setTimeout(() => fail(new Error("no TLS connection in time")), connectTimeoutMs);
    const aborted = (): void => fail(signal?.reason);
    signal?.addEventListener("abort", aborted, { once: true });
    const settle = (): void => {
      clearTimeout(late);
      signal?.removeEventListener("abort", aborted);
    };
    socket.once("error", (error) => {
      settle();
      fail(error);
    });
    socket.once("close", settle);
    socket.once("secureConnect", () => {
      settle();
      socket.removeAllListeners("error");
      // Whoever has the connection hears of its end by other ways; without a listener it would end the process.
      socket.on("error", () => undefined);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** What Node says of a connection, with the name of the server that it is about. */
export function accessFailure(authority: string, error: unknown): RemoteFailure {
  if (error instanceof RemoteFailure) return error;
  const why = error instanceof Error && error.message !== "" ? error.message : "the connection broke";
  return new RemoteFailure("ServiceNotAccessible", `${authority}: ${why}`, { cause: error });
}
