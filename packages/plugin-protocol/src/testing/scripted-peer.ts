import { createServer, type Socket } from "node:net";
import type { LinkTarget } from "../grpc-link.js";
import { Flag, type Frame, FrameType, frame } from "../http2/frame.js";
import { FrameReader } from "../http2/frame-reader.js";

/** A server that says exactly what a test tells it to, right or wrong. */
export interface ScriptedPeer extends AsyncDisposable {
  readonly target: LinkTarget;
  /** Everything that the client sent after its preface. */
  readonly frames: readonly Frame[];
}

const prefaceLength = 24;

/** Sends its SETTINGS first; then `onFrame` answers each frame by writing bytes. */
export async function startScriptedPeer(
  onFrame: (frame: Frame, write: (bytes: Uint8Array) => void, socket: Socket) => void,
  settings: Uint8Array = Buffer.alloc(0),
): Promise<ScriptedPeer> {
  const frames: Frame[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let skip = prefaceLength;
    const reader = new FrameReader((it) => {
      frames.push({ ...it, payload: Buffer.from(it.payload) });
      onFrame(it, (bytes) => socket.write(bytes), socket);
    });
    socket.on("data", (data: Buffer) => {
      const rest = data.subarray(skip);
      skip = Math.max(0, skip - data.length);
      reader.push(rest);
    });
    socket.write(frame(FrameType.SETTINGS, 0, 0, settings));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    target: { address: { network: "tcp", host: "127.0.0.1", port } },
    frames,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Whether that frame ends a request. */
export const endsRequest = ({ type, flags }: Frame): boolean => type === FrameType.DATA && (flags & Flag.END_STREAM) !== 0;
