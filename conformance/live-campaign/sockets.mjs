// Clients of Live in a process of their own, on bare sockets so that reading costs little: sockets.mjs PORT CHANNEL COUNT.
// Prints "ready" when all are subscribed. Each line of its input prints what they saw since the line before; its end ends them.
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";

const [port, channel, count] = process.argv.slice(2);

const handshake = [
  "GET /api/live/ws HTTP/1.1",
  `Host: 127.0.0.1:${port}`,
  ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
  `Authorization: Basic ${Buffer.from("admin:admin").toString("base64")}`,
  "\r\n",
].join("\r\n");

/** A text of a client. Its mask is zeros, which leaves it as it is (RFC 6455 5.3). */
function masked(text) {
  const payload = Buffer.from(text);
  if (payload.length > 0xff_ff) throw new RangeError("a longer text than is needed here");
  const length = payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]);
}

const subscribe = masked(`{"id":1,"connect":{}}\n${JSON.stringify({ id: 2, subscribe: { channel } })}`);
const pong = masked("{}");
const mark = Buffer.from('"at":');
const subscribed = Buffer.from('"id":2,"subscribe"');
const none = Buffer.alloc(0);

/** Counts by delay in milliseconds; the last one has all above. */
const delays = new Uint32Array(60_001);
let closed = 0;
/** All sockets are read into the same bytes. */
const shared = Buffer.allocUnsafe(1 << 16);
const clients = [];

const nowMicros = () => {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e6 + Math.floor(nanos / 1000);
};

class Client {
  #rest = none;
  #isOpen = false;
  #socket;
  messages = 0;

  /** Resolves when it is subscribed. */
  open() {
    return new Promise((resolve, reject) => {
      this.#socket = connect({
        ...{ port: Number(port), host: "127.0.0.1" },
        onread: {
          buffer: shared,
          callback: (length, buffer) => {
            this.#read(buffer.subarray(0, length), resolve, reject);
            return true;
          },
        },
      });
      this.#socket.write(handshake);
      this.#socket.on("error", reject).on("close", () => {
        closed += 1;
        reject(new Error("it was closed"));
      });
    });
  }

  #read(piece, resolve, reject) {
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    if (!this.#isOpen) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end >= 0 && !bytes.toString("latin1", 0, 12).endsWith("101")) reject(new Error(bytes.toString("latin1", 0, 300)));
      if (end >= 0) {
        this.#isOpen = true;
        this.#socket.write(subscribe);
        bytes = bytes.subarray(end + 4);
      }
    }
    if (this.#isOpen) bytes = this.#frames(bytes, resolve);
    // The shared bytes are written over.
    this.#rest = bytes.length === 0 ? none : Buffer.from(bytes);
  }

  /** What is left, of a frame that is not whole. */
  #frames(bytes, resolve) {
    const now = nowMicros();
    let at = 0;
    while (at + 2 <= bytes.length) {
      const short = bytes[at + 1];
      if (short === 127) throw new RangeError("a longer frame than is expected here");
      const start = at + (short === 126 ? 4 : 2);
      if (start > bytes.length) break;
      const end = start + (short === 126 ? bytes.readUInt16BE(at + 2) : short);
      if (end > bytes.length) break;
      this.#text(bytes, start, end, { now, resolve });
      at = end;
    }
    return bytes.subarray(at);
  }

  #text(bytes, start, end, { now, resolve }) {
    if (end - start === 2) {
      this.#socket.write(pong);
      return;
    }
    const found = bytes.indexOf(mark, start);
    if (found >= 0 && found < end) {
      let sent = 0;
      for (let at = found + mark.length; bytes[at] >= 0x30 && bytes[at] <= 0x39; at += 1) sent = sent * 10 + bytes[at] - 0x30;
      delays[Math.min(delays.length - 1, Math.max(0, Math.floor((now - sent) / 1000)))] += 1;
      this.messages += 1;
    } else if (bytes.subarray(start, end).includes(subscribed)) resolve();
  }
}

/** Since the last one. */
function report() {
  const messages = clients.map((client) => client.messages);
  const counts = [];
  for (const [ms, seen] of delays.entries()) if (seen > 0) counts.push([ms, seen]);
  delays.fill(0);
  for (const client of clients) client.messages = 0;
  const [least, most] = [messages.reduce((a, b) => Math.min(a, b), Infinity), messages.reduce((a, b) => Math.max(a, b), 0)];
  return { least, most, closed, delays: counts };
}

const width = 50;
for (let at = 0; at < Number(count); at += width) {
  const some = Array.from({ length: Math.min(width, Number(count) - at) }, () => new Client());
  clients.push(...some);
  await Promise.all(some.map((client) => client.open()));
}
console.log("ready");
createInterface({ input: process.stdin })
  .on("line", () => console.log(JSON.stringify(report())))
  .on("close", () => process.exit(0));
