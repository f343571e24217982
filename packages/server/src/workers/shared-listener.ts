import { createServer, type Socket } from "node:net";
import { type Listener, type Serving, takePort } from "../listen/listeners.js";
import { GivenConnections } from "./given-connections.js";
import type { ListenerName } from "./messages.js";
import type { WorkerPool } from "./worker-pool.js";

export interface SharedListenerOptions {
  readonly name: ListenerName;
  /** Empty: all addresses. */
  readonly host: string;
  readonly port: number;
  /** Of this process: for while no worker is there. */
  readonly serving: Serving;
  readonly pool: Pick<WorkerPool, "give" | "onReturned" | "drain" | "leave" | "kill">;
}

/**
 * A port whose connections go to the workers, to the one that has the fewest. The port is the control process' own, which serves them
 * itself while no worker is there, and gives a connection that a worker died with to another one, if nothing of it was read yet. (The
 * module node:cluster closes a port with its last worker, and forgets what was on the way to one that died.) Throws PortTaken.
 */
export async function listenShared({ name, host, port, serving, pool }: SharedListenerOptions): Promise<Listener> {
  const own = new GivenConnections(serving);
  const take = (socket: Socket): void => {
    if (!pool.give(name, socket)) own.take(socket);
  };
  // Nothing is read here of what another process is to read.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    take(socket);
  });
  const stopListening = pool.onReturned(name, take);
  const bound = await takePort(server, { host, port });
  return {
    port: bound,
    drain() {
      own.drain();
      pool.drain();
    },
    async close() {
      // Its own callback would wait for connections that are others' now.
      server.close();
      await Promise.all([own.close(), pool.leave()]);
      stopListening();
    },
    destroy() {
      own.destroy();
      pool.kill();
    },
  };
}
