import type { Socket } from "node:net";
import type { Serving } from "../listen/listeners.js";

const lookMs = 50;

/** A server whose connections are accepted elsewhere and given to it, one by one. */
export class GivenConnections {
  readonly #serving: Serving;
  readonly #open = new Set<Socket>();
  #whenEmpty: () => void = () => undefined;

  constructor(serving: Serving) {
    this.#serving = serving;
    // From here on Node looks after slow and idle ones.
    serving.server.emit("listening");
  }

  get count(): number {
    return this.#open.size;
  }

  /** Serves it; `onClosed` is called when it is over. */
  take(socket: Socket, onClosed: () => void = () => undefined): void {
    this.#open.add(socket);
    socket.setNoDelay(true);
    socket.once("close", () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#whenEmpty();
      onClosed();
    });
    this.#serving.server.emit("connection", socket);
    socket.resume();
  }

  /** Answers end their connections from now on. */
  drain(): void {
    this.#serving.drain();
  }

  /** Resolves when all that are open are over; those that wait for a request are ended after `idleMs`. */
  async close(idleMs = 0): Promise<void> {
    this.#serving.release();
    if (this.#open.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    let idle: NodeJS.Timeout | undefined;
    const late = setTimeout(() => {
      this.#serving.closeIdle();
      // A connection that was busy at the call is idle after its answer, and would be kept alive.
      idle = setInterval(() => this.#serving.closeIdle(), lookMs);
    }, idleMs);
    await empty;
    clearTimeout(late);
    clearInterval(idle);
  }

  destroy(): void {
    this.#serving.destroy();
    for (const socket of this.#open) socket.destroy();
  }
}
