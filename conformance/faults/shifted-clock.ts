import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { temporaryFolder } from "../testing/start-server.js";

/** A wall clock for servers that can be moved while they run. Their monotonic clock, which timers follow, goes on as it is. */
export class ShiftedClock {
  /** For a server's environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #file: number;

  private constructor(folder: string, library: string) {
    const file = path.join(folder, "shift");
    this.#folder = folder;
    this.#file = openSync(file, "w");
    this.environment = { LD_PRELOAD: library, DATAPLANE_TEST_CLOCK: file };
    this.shift(0);
  }

  /** Undefined where there is no C compiler. */
  static create(): ShiftedClock | undefined {
    const folder = temporaryFolder("clock");
    const library = path.join(folder, "shifted-clock.so");
    const { status } = spawnSync("/usr/bin/cc", [
      "-shared",
      "-fPIC",
      "-O2",
      "-o",
      library,
      path.join(import.meta.dirname, "shifted-clock.c"),
      "-ldl",
    ]);
    if (status === 0) return new ShiftedClock(folder, library);
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }

  /** By so many seconds against the true time, from now on. */
  shift(seconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    writeSync(this.#file, bytes, 0, 8, 0);
  }

  remove(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
