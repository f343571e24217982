import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { silentLogger, systemClock } from "@dataplane/meta";
import { afterAll, afterEach, expect, test } from "vitest";
import { serveHttp } from "../listen/listeners.js";
import type { WorkerStart } from "./messages.js";
import { listenShared } from "./shared-listener.js";
import { WorkerPool } from "./worker-pool.js";

/** A worker that says its process id over each connection. */
const script = `
process.on("message", (message, socket) => {
  if (message.type === "start") process.send({ type: "ready" });
  if (message.type === "leave") process.exit(0);
  if (message.type === "question") process.send({ type: "answer", id: message.id, text: String(process.pid) });
  if (message.type !== "connection") return;
  process.send({ type: "took", id: message.id });
  socket.once("close", () => process.send({ type: "closed" }));
  socket.end(String(process.pid));
});
process.on("disconnect", () => process.exit(0));
`;

const folder = mkdtempSync(path.join(tmpdir(), "pool-"));
const file = path.join(folder, "worker.mjs");
writeFileSync(file, script);
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A port before so many workers; the control process itself says "control". */
async function aPort(size: number) {
  // What a real worker is told is of no matter here.
  const start = (): WorkerStart => ({ type: "start" }) as WorkerStart;
  const pool = new WorkerPool({ size, file, env: process.env, start, clock: systemClock, logger: silentLogger });
  const handler = () => Promise.resolve({ status: 200, headers: {}, body: "control" });
  const listener = await listenShared({ name: "http", host: "127.0.0.1", port: 0, serving: serveHttp({ handler, logger: silentLogger }), pool });
  ends.push(async () => {
    listener.destroy();
    await listener.close();
  });
  const ask = async (): Promise<string> => {
    const socket = connect(listener.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return (await text(socket)).split("\r\n\r\n").at(-1) ?? "";
  };
  return { pool, ask };
}

test("without a worker the process that has the port answers, and with some they share what comes", async () => {
  const { pool, ask } = await aPort(2);
  expect(await ask()).toBe("control");
  pool.start();
  await pool.settled(20_000);
  expect(pool.ready).toBe(2);
  const pids = (await pool.ask({ kind: "metrics" }, 5_000)).map(([, pid]) => pid);
  const answers = await Promise.all(Array.from({ length: 10 }, ask));
  expect(new Set(answers)).toEqual(new Set(pids));
});

test("a worker that is killed is started again, and its connections on the way go to another", async () => {
  const { pool, ask } = await aPort(1);
  pool.start();
  await pool.settled(20_000);
  const [[child] = []] = await pool.ask({ kind: "metrics" }, 5_000);
  const pid = child?.pid;
  if (child === undefined || pid === undefined) throw new Error("no worker answered");
  process.kill(pid, "SIGSTOP");
  const waiting = ask();
  await expect.poll(() => child.connections).toBe(1);
  process.kill(pid, "SIGKILL");
  // Nobody else is there: the process itself answers.
  expect(await waiting).toBe("control");
  await expect.poll(() => pool.ready, { timeout: 20_000 }).toBe(1);
  expect(pool.restarts).toBe(1);
  expect(await ask()).toMatch(/^\d+$/);
});

test("rolled, each is replaced by a new one that serves before the old one ends", async () => {
  const { pool, ask } = await aPort(2);
  pool.start();
  await pool.settled(20_000);
  const before = (await pool.ask({ kind: "metrics" }, 5_000)).map(([, pid]) => pid);
  const rolled = pool.roll();
  let isOver = false;
  void rolled.then(() => {
    isOver = true;
  });
  const hasEnded = (): boolean => isOver;
  while (!hasEnded()) expect(await ask()).toMatch(/^\d+$/);
  const after = (await pool.ask({ kind: "metrics" }, 5_000)).map(([, pid]) => pid);
  expect([after.length, after.filter((pid) => before.includes(pid))]).toEqual([2, []]);
});
