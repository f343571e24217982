import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A network between a store and its database that can go silent for good: what is connected then stays so, and never hears anything again. */
export class DeafProxy {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  #isDeaf = false;

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  static async start(port: number): Promise<DeafProxy> {
    const listener = createServer();
    const proxy = new DeafProxy(listener);
    listener.on("connection", (client) => proxy.#accept(client, port));
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Nobody who is connected, or connects before `hear`, is ever answered. */
  goDeaf(): void {
    this.#isDeaf = true;
    for (const socket of this.#sockets) socket.removeAllListeners("data").resume();
  }

  /** New connections work again. */
  hear(): void {
    this.#isDeaf = false;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#listener.close();
    await once(this.#listener, "close");
  }

  #accept(client: Socket, port: number): void {
    this.#keep(client);
    if (this.#isDeaf) {
      client.resume();
      return;
    }
    const server = connect(port, "127.0.0.1");
    this.#keep(server);
    client.on("data", (data) => server.write(data));
    server.on("data", (data) => client.write(data));
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true).on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
