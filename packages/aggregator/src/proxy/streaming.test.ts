import { request } from "node:http";
import { expect, test } from "vitest";
import { aBackend } from "../testing/a-backend.js";
import { proxyPath, startProxy } from "../testing/a-proxy.js";
import { listen } from "../testing/listen.js";

const until = async (holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + 15_000; !holds(); ) {
    if (Date.now() > end) throw new Error("it did not come");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

test("an answer goes on as it comes, and the client's leaving ends it at the backend", async () => {
  let closed = false;
  await using backend = await aBackend((_, response) => {
    const timer = setInterval(() => response.write("tick\n"), 10);
    response.once("close", () => {
      clearInterval(timer);
      closed = true;
    });
  });
  await using proxy = await listen(startProxy({ url: backend.url }).aggregator.handler);
  const leave = new AbortController();
  const { body } = await fetch(`http://127.0.0.1:${proxy.port}${proxyPath}/tail`, { signal: leave.signal });
  const reader = body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toContain("tick");
  leave.abort();
  await until(() => closed);
});

test("a slow reader holds the backend up, in place of filling this server's memory", async () => {
  let written = 0;
  let waiting = false;
  await using backend = await aBackend((_, response) => {
    const piece = Buffer.alloc(256 * 1024);
    const pump = (): void => {
      while (written < 256 * 1024 * 1024) {
        written += piece.byteLength;
        if (!response.write(piece)) {
          waiting = true;
          response.once("drain", pump);
          return;
        }
      }
      response.end();
    };
    pump();
  });
  await using proxy = await listen(startProxy({ url: backend.url }).aggregator.handler);
  const asked = request({ port: proxy.port, host: "127.0.0.1", path: `${proxyPath}/big` });
  const answer = new Promise<import("node:http").IncomingMessage>((resolve) => asked.once("response", resolve));
  asked.end();
  (await answer).pause();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(waiting).toBe(true);
  expect(written).toBeLessThan(32 * 1024 * 1024);
  asked.destroy();
});

test("a request's body goes on as it comes: the backend answers before the end of it", async () => {
  const got: string[] = [];
  await using backend = await aBackend();
  backend.server.removeAllListeners("request");
  backend.server.on("request", (raw: import("node:http").IncomingMessage, response: import("node:http").ServerResponse) => {
    response.flushHeaders();
    raw.on("data", (piece: Buffer) => {
      got.push(piece.toString());
      response.write(`got ${piece.toString()}`);
    });
    raw.on("end", () => response.end());
  });
  await using proxy = await listen(startProxy({ url: backend.url }).aggregator.handler);
  const asked = request({ port: proxy.port, host: "127.0.0.1", path: `${proxyPath}/up`, method: "POST" });
  const heard: string[] = [];
  asked.once("response", (response) => response.on("data", (piece: Buffer) => heard.push(piece.toString())));
  asked.write("one");
  await until(() => heard.includes("got one"));
  asked.end("two");
  await until(() => heard.includes("got two"));
  expect(got).toEqual(["one", "two"]);
});

test("an upload that the client breaks off is broken off at the backend", async () => {
  let aborted = false;
  await using backend = await aBackend();
  backend.server.removeAllListeners("request");
  backend.server.on("request", (raw: import("node:http").IncomingMessage) => {
    raw.resume().once("close", () => {
      aborted = !raw.complete;
    });
  });
  await using proxy = await listen(startProxy({ url: backend.url }).aggregator.handler);
  const asked = request({ port: proxy.port, host: "127.0.0.1", path: `${proxyPath}/up`, method: "PUT", headers: { "content-length": "1000" } });
  asked.on("error", () => undefined);
  asked.write("some");
  await until(() => backend.connections() === 1);
  asked.destroy();
  await until(() => aborted);
  expect(aborted).toBe(true);
});

test.each(["redirect", "401"])("an answer that is refused (%s) is not read to its end, which it may not have", async (kind) => {
  await using backend = await aBackend((_, response) => {
    response.writeHead(kind === "401" ? 401 : 302, { location: "http://else.test/" });
    const timer = setInterval(() => response.write("more"), 20);
    response.once("close", () => clearInterval(timer));
  });
  const { send } = startProxy({ url: backend.url });
  expect((await send("GET", proxyPath)).status).toBe(kind === "401" ? 400 : 502);
  const open = (): Promise<number> =>
    new Promise((resolve, reject) => backend.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))));
  let left = await open();
  for (const end = Date.now() + 15_000; left > 0 && Date.now() < end; left = await open()) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(left).toBe(0);
});

test("a backend that breaks off in the middle breaks the answer off: it does not look whole", async () => {
  await using backend = await aBackend((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  await using proxy = await listen(startProxy({ url: backend.url }).aggregator.handler);
  await expect(fetch(`http://127.0.0.1:${proxy.port}${proxyPath}/x`).then((response) => response.text())).rejects.toThrow();
});
