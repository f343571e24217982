import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A network between a server and its database that can be bad. */
export class TcpProxy {
  readonly #listener: Server;
  readonly #target: () => Target;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #delayMs = 0;
  /** Bytes are held, in both directions, and connections stay open. */
  #isHole = false;
  #isCut = false;

  private constructor(listener: Server, target: () => Target) {
    this.#listener = listener;
    this.#target = target;
    listener.on("connection", (socket) => this.#accept(socket));
  }

  /** `target` is asked for each connection. */
  static async start(target: () => Target): Promise<TcpProxy> {
    const listener = createServer();
    const proxy = new TcpProxy(listener, target);
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Ends every connection by a reset. */
  breakConnections(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
    this.#pairs.clear();
  }

  /** No connection for so long. */
  async cut(ms: number): Promise<void> {
    this.#isCut = true;
    this.breakConnections();
    await sleep(ms);
    this.#isCut = false;
  }

  /** Each piece of data takes so much longer. */
  async delay(delayMs: number, ms: number): Promise<void> {
    this.#delayMs = delayMs;
    await sleep(ms);
    this.#delayMs = 0;
  }

  /** Nothing gets through and nobody is told. Then all goes on, or the connections are found broken. */
  async blackhole(ms: number, ending: "goes on" | "breaks"): Promise<void> {
    this.#isHole = true;
    await sleep(ms);
    if (ending === "breaks") this.breakConnections();
    this.#isHole = false;
  }

  async stop(): Promise<void> {
    this.breakConnections();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.on("error", () => undefined).resetAndDestroy();
      return;
    }
    const server = connect(this.#target());
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on("error", end).on("close", end);
    void this.#pump(client, server).catch(end);
    void this.#pump(server, client).catch(end);
  }

  /** In order, whatever the delays are. */
  async #pump(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from) {
      if (this.#delayMs > 0) await sleep(this.#delayMs);
      while (this.#isHole && !from.destroyed) await sleep(20);
      if (!to.write(chunk as Buffer)) await new Promise((resolve) => to.once("drain", resolve).once("close", resolve));
    }
    to.end();
  }
}
