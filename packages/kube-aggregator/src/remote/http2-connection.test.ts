import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { expect, test } from "vitest";
import { anAuthority, aRemoteService, aRequest, aTransport, serverName, startRemote, textOf } from "../testing/remote-server.js";
import { RemoteFailure } from "./remote-transport.js";

const authority = anAuthority();
const serving = authority.issue({ names: [serverName] });
const proxy = authority.issue({ names: ["front-proxy-client"] });
const service = aRemoteService(authority.ca);

test("more watches than a connection may have begin at once over others", async () => {
  await using remote = await startRemote({ ...serving, settings: { maxConcurrentStreams: 100 } }, (server) =>
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200 });
      stream.write("x");
    }),
  );
  const transport = aTransport(remote.port, () => proxy);
  const begun = Promise.all(Array.from({ length: 300 }, () => transport.request(service, aRequest())));
  const answers = await Promise.race([begun, new Promise<"some wait for ever">((resolve) => setTimeout(() => resolve("some wait for ever"), 4_000))]);
  expect(Array.isArray(answers) ? answers.length : answers).toBe(300);
  await transport.close();
});

test("a watch outlives a moment in which this process did nothing else", async () => {
  await using remote = await startRemote(serving, (server) =>
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200 });
      stream.write("begun");
      setTimeout(() => stream.end("whole"), 8_500);
    }),
  );
  const transport = aTransport(remote.port, () => proxy);
  const answer = await transport.request(service, aRequest());
  const text = textOf(answer.body).catch((error: unknown) => String(error));
  // A ping is out when the process stalls.
  await new Promise((resolve) => setTimeout(resolve, 1_490));
  const until = performance.now() + 6_000;
  while (performance.now() < until);
  expect(await text).toBe("begunwhole");
  await transport.close();
});

const failureOf = async (asked: Promise<unknown>): Promise<RemoteFailure> => {
  const thrown = await asked.catch((error: unknown) => error);
  if (thrown instanceof RemoteFailure) return thrown;
  throw new Error(`no RemoteFailure: ${String(thrown)}`);
};

test("a server that accepts and is silent fails after 5 s, and one that is down or hangs up does not wait for that", async () => {
  const sockets = new Set<Socket>();
  const open = async (onSocket: (socket: Socket) => void): Promise<Server> => {
    const server = createServer((socket) => {
      sockets.add(socket.on("error", () => undefined));
      onSocket(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return server;
  };
  const ask = async (port: number): Promise<number> => {
    const transport = aTransport(port, () => proxy);
    const begun = performance.now();
    expect((await failureOf(transport.request(service, aRequest()))).reason).toBe("ServiceNotAccessible");
    await transport.close();
    return performance.now() - begun;
  };
  const [silent, rude, gone] = [await open(() => undefined), await open((socket) => socket.resetAndDestroy()), await open(() => undefined)];
  const [silentPort, rudePort, gonePort] = [silent, rude, gone].map((server) => (server.address() as AddressInfo).port);
  await new Promise<void>((resolve) => gone.close(() => resolve()));
  const waited = await ask(silentPort ?? 0);
  expect(waited).toBeLessThan(20_000);
  expect(await ask(rudePort ?? 0)).toBeLessThan(waited / 2);
  expect(await ask(gonePort ?? 0)).toBeLessThan(waited / 2);
  for (const socket of sockets) socket.destroy();
  for (const server of [silent, rude]) server.close();
});
