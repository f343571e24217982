import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a server that a test can cut. */
export interface CutProxy {
  /** host:port */
  readonly host: string;
  /** Breaks each connection, and takes no more. */
  cut(): void;
  /** What the server answers is lost from now on. */
  loseAnswers(): void;
  heal(): void;
  close(): Promise<void>;
}

/** `target` is host:port. */
export async function startCutProxy(target: string): Promise<CutProxy> {
  const [targetHost = "", targetPort = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let isCut = false;
  let losesAnswers = false;
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(targetPort), targetHost);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (bytes) => {
      if (!losesAnswers) client.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: `127.0.0.1:${address.port}`,
    cut,
    loseAnswers: () => {
      losesAnswers = true;
    },
    heal: () => {
      isCut = false;
      losesAnswers = false;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
