import type { Duplex } from "node:stream";
import { ClientStream, type StreamHandler, streamWindow } from "./client-stream.js";
import { ConnectionError, ErrorCode, Flag, type Frame, FrameType, maxWindow, Setting, withoutPadding } from "./frame.js";
import { FrameReader } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { HeaderBlockCollector, type WholeBlock } from "./header-block.js";
import { HpackDecoder, maxHeaderListSize } from "./hpack-decoder.js";
import { noDynamicTable } from "./hpack-encoder.js";
import { MessageBudget } from "./message-budget.js";
import { ReceiveWindow } from "./receive-window.js";
import { initialPeerSettings, type PeerSettings, settingsPayload, withSettings } from "./settings.js";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const connectionWindow = 32 << 20;
const defaultWindow = 65_535;
/** Three answers of five megabytes. */
const largeMessageBytes = 16 << 20;
/** A peer that makes us answer without reading the answers is cut off. */
const maxBacklog = 64 << 20;

/** A request that the peer's limit of streams keeps back. */
interface Waiting {
  readonly handler: StreamHandler;
  readonly begin: () => void;
}

/** A request in progress, as its caller holds it. */
export interface RequestHandle {
  /** Lets the peer send more, when `held` of the received bytes still wait for their reader: the window's size, and `ahead` beyond it. */
  grant(held: number, ahead: number): void;
  /** Gives the request up; its handler hears nothing more. */
  cancel(): void;
}

/**
 * The client's side of HTTP/2 (RFC 9113) over a socket to one plugin process. A long file, since the state of a connection is one thing
 * and every type of frame touches most of it.
 */
export class ClientConnection {
  readonly #writer: FrameWriter;
  readonly #socket: Duplex;
  readonly #decoder = new HpackDecoder();
  readonly #reader = new FrameReader((frame) => this.#receive(frame));
  readonly #blocks = new HeaderBlockCollector();
  readonly #streams = new Map<number, ClientStream>();
  readonly #waiting = new Set<Waiting>();
  readonly #onReady: () => void;
  readonly largeMessages = new MessageBudget(largeMessageBytes);
  #peer: PeerSettings = initialPeerSettings;
  #sendWindow = defaultWindow;
  readonly #receiveWindow = new ReceiveWindow(connectionWindow);
  #nextId = 1;
  /** Why no new request is taken. */
  #ended: Error | undefined;

  /** `onReady`: the peer has sent its settings, so it does speak HTTP/2. */
  constructor(socket: Duplex, onReady: () => void) {
    this.#socket = socket;
    this.#onReady = onReady;
    this.#writer = new FrameWriter(socket);
    socket.on("error", (error) => this.#lose(error));
    socket.on("close", () => this.#lose(new Error("the connection was closed")));
    const settings = settingsPayload([
      [Setting.ENABLE_PUSH, 0],
      [Setting.INITIAL_WINDOW_SIZE, streamWindow],
      [Setting.MAX_HEADER_LIST_SIZE, maxHeaderListSize],
    ]);
    this.#writer.raw(preface);
    this.#writer.frame(FrameType.SETTINGS, 0, 0, settings);
    this.#writer.windowUpdate(0, connectionWindow - defaultWindow);
  }

  /** Takes what the socket read; `data` may be used again after the call. */
  read(data: Buffer): void {
    this.#guard(() => this.#reader.push(data));
  }

  /** Sends a request: a header block of `encodeHeaders` and the whole body. Waits where the peer's limit of streams is reached. */
  request(headers: Buffer, body: Buffer, handler: StreamHandler): RequestHandle {
    if (this.#ended !== undefined) {
      const error = this.#ended;
      process.nextTick(() => handler.onLost(error));
      return { grant: () => undefined, cancel: () => undefined };
    }
    let stream: ClientStream | undefined;
    const begin = (): void => {
      stream = this.#open(headers, body, handler);
    };
    const waiting: Waiting = { handler, begin };
    if (this.#waiting.size === 0 && this.#streams.size < this.#peer.maxConcurrentStreams) begin();
    else this.#waiting.add(waiting);
    return {
      grant: (held, ahead) => this.#grant(stream, held, ahead),
      cancel: () => {
        this.#waiting.delete(waiting);
        if (stream !== undefined && this.#streams.delete(stream.id)) this.#writer.reset(stream.id, ErrorCode.CANCEL);
        this.#admit();
      },
    };
  }

  /** Ends the connection; requests in progress are lost. */
  close(): void {
    if (this.#ended === undefined) this.#writer.goAway(ErrorCode.NO_ERROR);
    this.#lose(new Error("the connection was closed here"));
    this.#socket.end();
    // The peer may never read it; what is left has half a second.
    setTimeout(() => this.#socket.destroy(), 500).unref();
  }

  #admit(): void {
    // Nearly always there is none.
    if (this.#waiting.size === 0) return;
    for (const waiting of this.#waiting) {
      if (this.#streams.size >= this.#peer.maxConcurrentStreams) return;
      this.#waiting.delete(waiting);
      waiting.begin();
    }
  }

  #open(headers: Buffer, body: Buffer, handler: StreamHandler): ClientStream {
    const id = this.#nextId;
    const stream = new ClientStream({ id, handler, body, sendWindow: this.#peer.initialWindowSize });
    this.#streams.set(id, stream);
    this.#nextId += 2;
    const block = id === 1 ? Buffer.concat([noDynamicTable, headers]) : headers;
    this.#writer.headers(id, block, this.#peer.maxFrameSize);
    // Identifiers are used once; their end is the connection's.
    if (this.#nextId > maxWindow) this.#ended = new Error("the connection has no stream identifiers left");
    this.#send(stream);
    return stream;
  }

  /** As much of the body as both windows allow. Bodies are never empty: a gRPC message has a prefix. */
  #send(stream: ClientStream): void {
    while (stream.unsent > 0) {
      const room = Math.min(this.#peer.maxFrameSize, stream.sendWindow, this.#sendWindow);
      if (room <= 0) return;
      const piece = stream.take(room);
      this.#sendWindow -= piece.length;
      this.#writer.data(stream.id, piece, stream.unsent === 0);
    }
  }

  #sendAll(): void {
    for (const stream of this.#streams.values()) {
      if (this.#sendWindow <= 0) return;
      this.#send(stream);
    }
  }

  #receive(frame: Frame): void {
    this.#blocks.admit(frame);
    if (this.#writer.backlog > maxBacklog) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "the peer does not read");
    const receive = receivers[frame.type];
    // Unknown types are to be ignored (RFC 9113, 4.1), PRIORITY means nothing to a client.
    if (receive !== undefined) receive(this, frame);
  }

  onDataFrame(frame: Frame): void {
    const bytes = frame.payload.length;
    if (!this.#receiveWindow.receive(bytes)) throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "more data than the connection's window");
    // A reader that stands still must not stop the others: the connection's window is filled up whatever the streams do.
    const increment = this.#receiveWindow.grant(0);
    if (increment > 0) this.#writer.windowUpdate(0, increment);
    const stream = this.#streamOf(frame);
    if (stream === undefined) return;
    if (!stream.receiveWindow.receive(bytes)) throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "more data than the stream's window");
    // May throw: while the stream is still one of those that a fault ends.
    const content = withoutPadding(frame);
    const end = (frame.flags & Flag.END_STREAM) !== 0;
    if (end) this.#finish(stream);
    stream.handler.onData(content, end);
  }

  onHeadersFrame(frame: Frame): void {
    this.#headers(this.#blocks.begin(frame));
  }

  onContinuationFrame(frame: Frame): void {
    this.#headers(this.#blocks.append(frame));
  }

  onResetFrame(frame: Frame): void {
    if (frame.payload.length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "RST_STREAM of a broken length");
    const stream = this.#streamOf(frame);
    if (stream === undefined) return;
    this.#finish(stream);
    stream.handler.onReset(frame.payload.readUInt32BE(0));
  }

  onSettingsFrame(frame: Frame): void {
    if (frame.streamId !== 0) throw protocolError("SETTINGS of a stream");
    if ((frame.flags & Flag.ACK) !== 0) return;
    const before = this.#peer.initialWindowSize;
    this.#peer = withSettings(this.#peer, frame.payload);
    for (const stream of this.#streams.values()) stream.sendWindow += this.#peer.initialWindowSize - before;
    this.#writer.frame(FrameType.SETTINGS, Flag.ACK, 0, Buffer.alloc(0));
    this.#onReady();
    this.#admit();
    this.#sendAll();
  }

  onPingFrame(frame: Frame): void {
    if (frame.payload.length !== 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "PING of a broken length");
    if ((frame.flags & Flag.ACK) === 0) this.#writer.frame(FrameType.PING, Flag.ACK, 0, frame.payload);
  }

  onGoAwayFrame(frame: Frame): void {
    if (frame.payload.length < 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY of a broken length");
    const last = frame.payload.readUInt32BE(0) & 0x7fff_ffff;
    const error = new Error(`the plugin takes no more calls (code ${frame.payload.readUInt32BE(4)})`);
    this.#ended ??= error;
    // The peer has not looked at these, and will not.
    const refused = [...this.#streams.values()].filter(({ id }) => id > last);
    for (const stream of refused) {
      this.#streams.delete(stream.id);
      stream.handler.onLost(error);
    }
    this.#refuseWaiting(error);
    if (this.#streams.size === 0) this.close();
  }

  onWindowFrame(frame: Frame): void {
    if (frame.payload.length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "WINDOW_UPDATE of a broken length");
    const increment = frame.payload.readUInt32BE(0) & 0x7fff_ffff;
    if (increment === 0) throw protocolError("a window update of nothing");
    const stream = frame.streamId === 0 ? undefined : this.#streamOf(frame);
    if (frame.streamId === 0) this.#sendWindow += increment;
    else if (stream !== undefined) stream.sendWindow += increment;
    if (Math.max(this.#sendWindow, stream?.sendWindow ?? 0) > maxWindow) throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "window too large");
    if (frame.streamId === 0) this.#sendAll();
    else if (stream !== undefined) this.#send(stream);
  }

  #headers(block: WholeBlock | undefined): void {
    if (block === undefined) return;
    // Also for a stream that is gone: the table must see every block.
    const headers = this.#decoder.decode(block.bytes);
    const stream = this.#streamOf(block.first);
    if (stream === undefined) return;
    const end = (block.first.flags & Flag.END_STREAM) !== 0;
    if (end) this.#finish(stream);
    stream.handler.onHeaders(headers, end);
  }

  /** The stream of a frame; undefined for one that is over. A stream that never was is a fault. */
  #streamOf({ streamId }: Frame): ClientStream | undefined {
    if (streamId === 0 || streamId % 2 === 0 || streamId >= this.#nextId) throw protocolError(`stream ${streamId} was never opened`);
    return this.#streams.get(streamId);
  }

  #finish(stream: ClientStream): void {
    this.#streams.delete(stream.id);
    // The answer is whole though the request was not: the rest need not be sent.
    if (stream.unsent > 0) this.#writer.reset(stream.id, ErrorCode.NO_ERROR);
    this.#admit();
    if (this.#ended !== undefined && this.#streams.size === 0) process.nextTick(() => this.close());
  }

  #grant(stream: ClientStream | undefined, held: number, ahead: number): void {
    if (stream === undefined || !this.#streams.has(stream.id)) return;
    const increment = stream.receiveWindow.grant(held, ahead);
    if (increment > 0) this.#writer.windowUpdate(stream.id, increment);
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#writer.goAway(error instanceof ConnectionError ? error.code : ErrorCode.INTERNAL_ERROR);
      this.#lose(failure);
      this.#socket.destroy();
    }
  }

  #lose(error: Error): void {
    this.#ended ??= error;
    const lost = [...this.#streams.values()];
    this.#streams.clear();
    for (const { handler } of lost) handler.onLost(error);
    this.#refuseWaiting(error);
  }

  #refuseWaiting(error: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { handler } of waiting) handler.onLost(error);
  }
}

const protocolError = (message: string): ConnectionError => new ConnectionError(ErrorCode.PROTOCOL_ERROR, message);

const receivers: Readonly<Record<number, (connection: ClientConnection, frame: Frame) => void>> = {
  [FrameType.DATA]: (connection, frame) => connection.onDataFrame(frame),
  [FrameType.HEADERS]: (connection, frame) => connection.onHeadersFrame(frame),
  [FrameType.CONTINUATION]: (connection, frame) => connection.onContinuationFrame(frame),
  [FrameType.RST_STREAM]: (connection, frame) => connection.onResetFrame(frame),
  [FrameType.SETTINGS]: (connection, frame) => connection.onSettingsFrame(frame),
  [FrameType.PING]: (connection, frame) => connection.onPingFrame(frame),
  [FrameType.GOAWAY]: (connection, frame) => connection.onGoAwayFrame(frame),
  [FrameType.WINDOW_UPDATE]: (connection, frame) => connection.onWindowFrame(frame),
  [FrameType.PUSH_PROMISE]: () => {
    throw protocolError("a push, though we forbade it");
  },
};
