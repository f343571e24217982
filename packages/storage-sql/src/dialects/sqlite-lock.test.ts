import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { openSqlStore } from "../sql-store.js";
import { openSqlite } from "./sqlite.js";
import { defaultDriver } from "./sqlite-driver.js";

const folder = await mkdtemp(join(tmpdir(), "dataplane-lock-"));
afterAll(() => rm(folder, { recursive: true }));
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const script = fileURLToPath(new URL("../testing/crash-writer.ts", import.meta.url));
const rounds = Number(process.env["DATAPLANE_SECOND_SERVERS"] ?? 4);

test("a second server on a file is refused and told whose it is, and may have it once that was killed", { timeout: 120_000 }, async () => {
  const path = join(folder, "shared.db");
  const open = () => openSqlStore({ dialect: openSqlite(path) });
  for (let round = 0; round < rounds; round += 1) {
    const first = spawn(process.execPath, ["--conditions=source", "--import", loader, script, path, defaultDriver()], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(first.stdout, "data");
    await expect(open()).rejects.toMatchObject({ name: "StoreLocked", pid: first.pid, message: `${path} is in use by process ${String(first.pid)}` });
    first.stdout.resume();
    const gone = once(first, "exit");
    first.kill("SIGKILL");
    await gone;
    const second = await open();
    await second.put(`/round/${String(round)}`, Buffer.from("1"), { expected: 0n });
    await second.close();
  }
});
