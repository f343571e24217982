import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { FrameWriter } from "../web-socket-frames.js";
import { type Disconnect, disconnects } from "./protocol.js";

export interface LiveSocketOptions {
  /** Most bytes that wait to be sent; a slower client is disconnected. */
  readonly queueMaxBytes: number;
  /** Between pings, which are `{}` and answered with `{}`. */
  readonly pingMs: number;
  /** How long the answer may take. */
  readonly pongMs: number;
}

/** How long a peer may take to answer the close. */
const lingerMs = 1_000;

/** A client's WebSocket: texts out, bounded, pings, and an end that says why. */
export class LiveSocket {
  readonly #webSocket: WebSocket;
  readonly #options: LiveSocketOptions;
  readonly #frames: FrameWriter;
  #pong: NodeJS.Timeout | undefined;
  #ping: NodeJS.Timeout | undefined;

  /** `socket` is the one below. */
  constructor(webSocket: WebSocket, socket: Duplex, options: LiveSocketOptions) {
    this.#webSocket = webSocket;
    this.#options = options;
    this.#frames = new FrameWriter(webSocket, socket);
    webSocket.once("close", () => this.#stopTimers());
  }

  startPings(): void {
    const { pingMs, pongMs } = this.#options;
    this.#ping = setInterval(() => {
      this.send("{}");
      this.#pong ??= setTimeout(() => this.disconnect(disconnects.noPong), pongMs).unref();
    }, pingMs).unref();
  }

  ponged(): void {
    clearTimeout(this.#pong);
    this.#pong = undefined;
  }

  /** False once it is closing: what then comes is not for us any more. */
  get isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  /** Does not wait; a client that lets too much pile up is disconnected. */
  send(text: string | Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#webSocket.bufferedAmount > this.#options.queueMaxBytes) this.disconnect(disconnects.slow);
    else this.#webSocket.send(text, { binary: false });
  }

  /** Frames that many clients get; a promise when the next ones have to wait, where they are bounded. */
  write(frames: readonly Uint8Array[]): Promise<void> | undefined {
    return this.#frames.write(frames);
  }

  disconnect({ code, reason }: Disconnect): void {
    if (!this.isOpen) return;
    this.#stopTimers();
    this.#webSocket.close(code, reason);
    const timer = setTimeout(() => this.#webSocket.terminate(), lingerMs).unref();
    this.#webSocket.once("close", () => clearTimeout(timer));
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  #stopTimers(): void {
    clearInterval(this.#ping);
    clearTimeout(this.#pong);
  }
}
