import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Handler, Logger } from "@dataplane/meta";
import { NodeRequest } from "./node-adapter.js";
import { Client, write } from "./write-response.js";

/** What a Handler may leave HTTP for. */
const protocols = ["websocket", "spdy/3.1"] as const;

/**
 * Lets a Handler answer requests that ask to leave HTTP for WebSocket, or for SPDY as older clients of `exec` do. A request for any other
 * protocol is served as if it had not asked (RFC 9110 7.8): some clients offer h2c with every POST.
 */
export function listenForUpgrades(server: Server, handler: Handler, logger: Logger): Upgrades {
  const open = new Set<Duplex>();
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Node leaves the connection to us, errors included: a broken one is its client's affair.
    socket.on("error", () => socket.destroy());
    const protocol = protocols.find((it) => it === incoming.headers.upgrade?.toLowerCase());
    if (protocol === undefined) {
      serveWithoutUpgrade(server, incoming, { socket, head });
      return;
    }
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    answer(handler, { incoming, protocol }, { socket, head }).catch((error: unknown) => {
      logger.error({ err: error, method: incoming.method }, "an upgrade broke outside the handler");
      socket.destroy();
    });
  });
  return {
    destroy() {
      for (const socket of open) socket.destroy();
    },
  };
}

/** Connections that left HTTP: the server that accepted them does not know them any more. */
export interface Upgrades {
  destroy(): void;
}

interface Connection {
  readonly socket: Duplex;
  readonly head: Buffer;
}

interface Asked {
  readonly incoming: IncomingMessage;
  readonly protocol: (typeof protocols)[number];
}

async function answer(handler: Handler, { incoming, protocol }: Asked, { socket, head }: Connection): Promise<void> {
  const client = new Client();
  socket.once("close", () => client.leave());
  const response = await handler(new NodeRequest(incoming, client.signal, protocol));
  if (client.isGone) return;
  if (response.takeOver !== undefined) {
    response.takeOver({ incoming, socket, head });
    return;
  }
  if (!(socket instanceof Socket)) throw new Error("an upgrade did not come over a socket");
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(socket);
  outgoing.once("finish", () => socket.end());
  await write(response, incoming, outgoing, client);
}

/** Node has taken the connection out of its parser: it gets it back, with the request as it would have been without the offer. */
function serveWithoutUpgrade(server: Server, incoming: IncomingMessage, { socket, head }: Connection): void {
  const lines = [`${incoming.method ?? "GET"} ${incoming.url ?? "/"} HTTP/1.1`];
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    const name = incoming.rawHeaders[index] ?? "";
    if (!offers.has(name.toLowerCase())) lines.push(`${name}: ${incoming.rawHeaders[index + 1] ?? ""}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
}

const offers = new Set(["connection", "upgrade", "http2-settings"]);
