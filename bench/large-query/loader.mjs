// Asks over keep-alive connections, one request after another on each, and reads every answer to its end: all must be 200 and of one length.
// A process of its own, so that it shares no thread with what measures. usage: loader.mjs JSON with
// { url, authorization?, accept?, body?, connections, seconds, endless? }. Prints one line of JSON at the end.
// An `endless` answer is left when the time is over; only its bytes are counted.
import { Agent, request } from "node:http";
import process from "node:process";

const { url, authorization, accept, body, connections, seconds, endless = false } = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const headers = {
  ...(authorization === undefined ? {} : { authorization }),
  ...(accept === undefined ? {} : { accept }),
  ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
};
const started = performance.now();
const end = started + seconds * 1000;
const seen = { answers: 0, bytes: 0, length: undefined, tookMs: [] };

const ask = () =>
  new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers, method: body === undefined ? "GET" : "POST" }, (answer) => {
      if (answer.statusCode !== 200) return reject(new Error(`status ${answer.statusCode}`));
      let length = 0;
      let left = false;
      answer.on("data", (piece) => {
        length += piece.length;
        seen.bytes += piece.length;
        if (!endless || performance.now() < end) return;
        left = true;
        answer.destroy();
      });
      answer.on("close", () => (answer.complete || left ? resolve(length) : reject(new Error("an answer was cut off"))));
    });
    asked.on("error", (error) => (endless && performance.now() >= end ? resolve(0) : reject(error)));
    asked.end(body);
  });

const askOn = async () => {
  while (performance.now() < end) {
    const begun = performance.now();
    const length = await ask();
    if (endless) continue;
    seen.length ??= length;
    if (length !== seen.length || length === 0) throw new Error(`an answer of ${length} bytes after one of ${seen.length}`);
    seen.answers += 1;
    seen.tookMs.push(performance.now() - begun);
  }
};

await Promise.all(Array.from({ length: connections }, askOn));
const took = (performance.now() - started) / 1000;
seen.tookMs.sort((a, b) => a - b);
const p50Ms = seen.tookMs[seen.tookMs.length >> 1] ?? 0;
console.log(JSON.stringify({ answers: seen.answers, bytes: seen.bytes, length: seen.length ?? 0, seconds: took, p50Ms }));
process.exit(0);
