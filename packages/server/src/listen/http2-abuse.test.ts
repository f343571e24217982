import { connect as connectHttp2 } from "node:http2";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { http2Abuse, preface } from "./testing/http2-abuse.js";
import { startListeners, type TestListeners } from "./testing/start-listeners.js";

let listeners: TestListeners;
let before = 0;
beforeAll(async () => {
  listeners = await startListeners();
  before = process.memoryUsage().rss;
});
afterAll(() => listeners[Symbol.asyncDispose]());

type Outcome = "closed" | "GOAWAY" | "RST_STREAM" | "answered well" | "answered by an error" | "nothing";

/** Statuses that have a place in HPACK's static table; others come as literals. */
const well: ReadonlySet<number> = new Set([0x88, 0x89, 0x8a, 0x8b]);
const serverError = 0x8e;

function outcomeOf(frames: Buffer): Outcome | undefined {
  for (let rest = frames; rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3); rest = rest.subarray(9 + rest.readUIntBE(0, 3))) {
    const kind = rest.readUInt8(3);
    if (kind === 7) return "GOAWAY";
    if (kind === 3) return "RST_STREAM";
    if (kind === 1) return well.has(rest.readUInt8(9)) || rest.readUInt8(9) === serverError ? "answered well" : "answered by an error";
  }
  return undefined;
}

function exchange(sent: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connectTls({ port: listeners.https, host: "127.0.0.1", servername: "localhost", ca: listeners.ca, ALPNProtocols: ["h2"] });
    let received = Buffer.alloc(0);
    const done = (outcome: Outcome): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(outcome);
    };
    const late = setTimeout(() => done("nothing"), 8_000);
    socket.on("data", (data: Buffer) => {
      received = Buffer.concat([received, data]);
      const outcome = outcomeOf(received);
      if (outcome !== undefined) done(outcome);
    });
    socket.on("error", () => undefined);
    socket.once("close", () => done("closed"));
    socket.write(Buffer.concat([preface, sent]));
  });
}

async function othersAreServed(): Promise<void> {
  const session = connectHttp2(`https://localhost:${listeners.https}`, { ca: listeners.ca });
  const stream = session.request({ ":path": "/version" });
  expect(await text(stream)).toContain("gitVersion");
  session.close();
}

/** Node acknowledges each, or closes. */
const harmless: ReadonlySet<string> = new Set(["fifty thousand settings", "fifty thousand pings"]);
/** nghttp2 leaves such a field out and serves the request without it. */
const leftOut: ReadonlySet<string> = new Set(["a name with a space", "a name with a line break", "a value with a line break", "a value with a NUL"]);

test.each(Object.entries(http2Abuse))("%s over HTTP/2 is refused, and others are served", async (what, sent) => {
  const outcome = await exchange(sent);
  if (leftOut.has(what)) {
    expect(outcome).toBe("answered well");
    expect(listeners.lastHeaders().filter((it) => it.startsWith("x") || it.startsWith("y"))).toEqual([]);
    return;
  }
  await othersAreServed();
  if (!harmless.has(what)) expect(["closed", "GOAWAY", "RST_STREAM", "answered by an error"]).toContain(outcome);
});

test("all of it together cost little memory", () => {
  globalThis.gc?.();
  expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20);
});
