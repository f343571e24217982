import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

const finalText = 0x81;
const length16 = 126;
const length64 = 127;

/** A text of a server as one whole frame (RFC 6455 5.2): the same bytes for every connection without an extension. */
export function textFrame(payload: Uint8Array): Buffer {
  const { byteLength } = payload;
  const lengthBytes = byteLength < length16 ? 0 : byteLength <= 0xff_ff ? 2 : 8;
  const frame = Buffer.allocUnsafe(2 + lengthBytes + byteLength);
  frame[0] = finalText;
  if (lengthBytes === 0) frame[1] = byteLength;
  else if (lengthBytes === 2) {
    frame[1] = length16;
    frame.writeUInt16BE(byteLength, 2);
  } else {
    frame[1] = length64;
    frame.writeBigUInt64BE(BigInt(byteLength), 2);
  }
  frame.set(payload, 2 + lengthBytes);
  return frame;
}

/**
 * Writes frames that were encoded once past the encoder of a WebSocket, to the socket below it. They do not mix with what the WebSocket
 * sends itself, since without extensions that is written whole, and at once, too.
 */
export class FrameWriter {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  #goOn: (() => void) | undefined;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    const goOn = (): void => {
      this.#goOn?.();
      this.#goOn = undefined;
    };
    socket.on("drain", goOn).once("close", goOn);
  }

  /** In one write to the kernel. A promise when the peer reads too slowly: resolves when it has caught up, or is gone. */
  write(frames: readonly Uint8Array[]): Promise<void> | undefined {
    // Nothing may follow a close frame.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return undefined;
    const socket = this.#socket;
    if (frames.length > 1) socket.cork();
    let hasRoom = true;
    for (const frame of frames) hasRoom = socket.write(frame);
    if (frames.length > 1) socket.uncork();
    if (hasRoom || socket.destroyed) return undefined;
    return new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }
}
