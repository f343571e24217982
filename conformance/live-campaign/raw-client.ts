import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { admin } from "../testing/call.js";

/** A client that sends bytes as they are, and keeps what comes. */
export interface RawClient {
  readonly socket: Socket;
  /** Status of the handshake's answer. */
  readonly status: number;
  /** The last of what came, some kilobytes. */
  tail(): string;
  /** Code of the server's close frame: 1006 when the connection ended without one, undefined when it did not within so many ms. */
  closeCode(withinMs: number): Promise<number | undefined>;
}

const tailBytes = 4096;
const key = "AAAAAAAAAAAAAAAAAAAAAA==";

/** Opens a WebSocket of Live by hand. Rejects when nothing is answered. */
export async function openRaw(url: string, headers: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const { port, host } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  const all = { host, authorization: admin, connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": key };
  const lines = Object.entries({ ...all, ...headers }).map(([name, value]) => `${name}: ${value}`);
  socket.write(`GET /api/live/ws HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  const pieces: Buffer[] = [];
  let tail = Buffer.alloc(0);
  const closed = once(socket, "close");
  socket.on("data", (piece: Buffer) => {
    pieces.push(piece);
    tail = Buffer.concat([tail.subarray(-tailBytes), piece.subarray(-tailBytes)]);
  });
  while (!tail.includes("\r\n\r\n")) await Promise.race([once(socket, "data"), closed.then(() => Promise.reject(new Error("no answer")))]);
  const status = Number(tail.toString("latin1", 9, 12));
  const received = (): Buffer => {
    const bytes = Buffer.concat(pieces);
    return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  };
  return {
    ...{ socket, status, tail: () => tail.toString("utf8") },
    closeCode: async (withinMs) => {
      const late = AbortSignal.timeout(withinMs);
      const code = await Promise.race([closed.then(() => closeCodeOf(received()) ?? 1006), once(late, "abort").then(() => closeCodeOf(received()))]);
      socket.destroy();
      return code;
    },
  };
}

const close = 0x88;

function closeCodeOf(bytes: Buffer): number | undefined {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const { start, end } = payloadAt(bytes, at);
    if (end > bytes.length) return undefined;
    if (bytes[at] === close) return end - start >= 2 ? bytes.readUInt16BE(start) : 1005;
    at = end;
  }
  return undefined;
}

/** Frames of a server are not masked. */
function payloadAt(bytes: Buffer, at: number): { readonly start: number; readonly end: number } {
  const short = bytes[at + 1] ?? 0;
  const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
  if (short < 126 || start > bytes.length) return { start, end: start + short };
  return { start, end: start + (short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))) };
}

export interface FrameParts {
  /** FIN, the reserved bits and the opcode; a final text unless told. */
  readonly first?: number;
  readonly isMasked?: boolean;
  /** What the length says; that of the payload unless told. */
  readonly length?: bigint;
}

/** A frame of a client, right or wrong. Its mask is zeros, which leaves the payload as it is (RFC 6455 5.3). */
export function clientFrame(payload: string | Uint8Array, { first = 0x81, isMasked = true, length }: FrameParts = {}): Buffer {
  const bytes = Buffer.from(payload);
  const says = length ?? BigInt(bytes.length);
  const mask = isMasked ? 0x80 : 0;
  const head = Buffer.alloc(says < 126n ? 2 : says < 65_536n ? 4 : 10);
  head[0] = first;
  head[1] = mask | (head.length === 2 ? Number(says) : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(Number(says), 2);
  if (head.length === 10) head.writeBigUInt64BE(says, 2);
  return Buffer.concat([head, isMasked ? Buffer.alloc(4) : Buffer.alloc(0), bytes]);
}
