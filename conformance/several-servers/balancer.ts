import { get } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const probeMs = 100;

interface Backend {
  readonly port: number;
  isReady: boolean;
}

/** A TCP balancer as people put before servers: new connections go, in turn, to those whose `/readyz` is 200; open ones stay where they are. */
export class Balancer {
  readonly #backends = new Map<string, Backend>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  #isProbing = false;

  private constructor() {
    this.#server = createServer((socket) => this.#pass(socket));
    this.#timer = setInterval(() => void this.#probe(), probeMs);
  }

  static async start(): Promise<Balancer> {
    const balancer = new Balancer();
    await new Promise<void>((resolve) => balancer.#server.listen(0, "127.0.0.1", resolve));
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get ready(): number {
    return [...this.#backends.values()].filter(({ isReady }) => isReady).length;
  }

  /** Under that name it is found from now on, when it is ready. */
  set(name: string, url: string): void {
    this.#backends.set(name, { port: Number(new URL(url).port), isReady: false });
  }

  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    await Promise.all(
      [...this.#backends.values()].map(async (backend) => {
        const isNow = await isReady(backend.port);
        // One that is slow to answer is no worse than before.
        if (isNow !== undefined) backend.isReady = isNow;
      }),
    );
    this.#isProbing = false;
  }

  #pass(client: Socket): void {
    const ready = [...this.#backends.values()].filter((it) => it.isReady);
    this.#turn += 1;
    this.#connect(client, [...ready.slice(this.#turn % Math.max(1, ready.length)), ...ready]);
  }

  #connect(client: Socket, [backend, ...others]: readonly Backend[]): void {
    if (backend === undefined) {
      client.destroy();
      return;
    }
    const server = connect(backend.port, "127.0.0.1");
    const refused = (): void => this.#connect(client, others);
    server.once("error", refused);
    server.once("connect", () => {
      server.off("error", refused);
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(one);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }
}

/** Undefined when there was no answer in time. */
function isReady(port: number): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const asked = get({ port, host: "127.0.0.1", path: "/readyz", agent: false, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on("timeout", () => {
      resolve(undefined);
      asked.destroy();
    });
    asked.on("error", () => resolve(false));
  });
}
