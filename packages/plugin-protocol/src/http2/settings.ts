import { ConnectionError, ErrorCode, maxWindow, Setting } from "./frame.js";

/** What the peer allows us, by its SETTINGS (RFC 9113, 6.5.2). */
export interface PeerSettings {
  readonly maxConcurrentStreams: number;
  readonly initialWindowSize: number;
  readonly maxFrameSize: number;
}

export const initialPeerSettings: PeerSettings = { maxConcurrentStreams: Infinity, initialWindowSize: 65_535, maxFrameSize: 16_384 };

/** The settings after a SETTINGS frame's payload. Throws ConnectionError on values out of range. */
export function withSettings(before: PeerSettings, payload: Buffer): PeerSettings {
  if (payload.length % 6 !== 0) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS of a broken length");
  let settings = before;
  for (let at = 0; at < payload.length; at += 6) settings = { ...settings, ...changed(payload.readUInt16BE(at), payload.readUInt32BE(at + 2)) };
  return settings;
}

function changed(id: number, value: number): Partial<PeerSettings> {
  if (id === Setting.MAX_CONCURRENT_STREAMS) return { maxConcurrentStreams: value };
  if (id === Setting.INITIAL_WINDOW_SIZE) {
    if (value > maxWindow) throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "initial window too large");
    return { initialWindowSize: value };
  }
  if (id === Setting.MAX_FRAME_SIZE) {
    if (value < 16_384 || value > 16_777_215) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "frame size out of range");
    return { maxFrameSize: value };
  }
  // The table size does not matter to an encoder without a table; unknown settings are to be ignored.
  return {};
}

/** Payload of our own SETTINGS. */
export function settingsPayload(values: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(values.length * 6);
  for (const [index, [id, value]] of values.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return payload;
}
