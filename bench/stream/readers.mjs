// Subscribers of one stream, or watchers of one collection, in a process of their own, on bare sockets so that reading costs little: readers.mjs PORT PATH COUNT.
// Prints "ready" when all are subscribed; at the end of its input prints counts by delay in milliseconds, and ends.
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import process from "node:process";

const [port, path, count] = process.argv.slice(2);
const authorization = `Basic ${Buffer.from("admin:admin").toString("base64")}`;
const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\nAccept: text/event-stream, application/json\r\n\r\n`;
const mark = Buffer.from('"at":"');

const delays = new Map();
let messages = 0;
let lost = 0;

function read(piece) {
  const now = process.hrtime.bigint();
  for (let at = piece.indexOf(mark); at >= 0; at = piece.indexOf(mark, at + mark.length)) {
    const start = at + mark.length;
    const sent = BigInt(piece.toString("latin1", start, piece.indexOf(0x22, start)));
    const ms = Number((now - sent) / 1_000_000n);
    delays.set(ms, (delays.get(ms) ?? 0) + 1);
    messages += 1;
  }
}

/** All sockets are read into the same bytes. */
const shared = Buffer.allocUnsafe(1 << 16);

/** Resolves when the answer has begun. */
const subscribe = () =>
  new Promise((resolve, reject) => {
    let hasBegun = false;
    const callback = (length) => {
      const piece = shared.subarray(0, length);
      if (hasBegun) read(piece);
      else if (piece.toString("latin1", 0, 12).endsWith("200")) resolve();
      else reject(new Error(piece.toString("latin1", 0, 300)));
      hasBegun = true;
      return true;
    };
    const socket = connect({ port: Number(port), host: "127.0.0.1", onread: { buffer: shared, callback } });
    socket.on("error", reject).on("close", () => {
      lost += 1;
    });
    socket.write(request);
  });

const width = 50;
for (let at = 0; at < Number(count); at += width) {
  await Promise.all(Array.from({ length: Math.min(width, Number(count) - at) }, subscribe));
}
console.log("ready");
process.stdin.resume().on("end", () => {
  process.stdout.write(`${JSON.stringify({ messages, lost, delays: [...delays] })}\n`, () => process.exit(0));
});
