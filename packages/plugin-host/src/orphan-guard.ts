import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import type { Logger } from "@dataplane/meta";

/**
 * Reads `+PID` and `-PID`, a line each, until its stdin ends, which the kernel sees to however the host ends. Then it asks the groups that
 * are left to end, and kills what does not. POSIX sh, a megabyte of memory, no file.
 */
const script = `
left=
while read -r sign pid; do
  rest=
  for one in $left; do [ "$one" = "$pid" ] || rest="$rest $one"; done
  left=$rest
  [ "$sign" = - ] || left="$left $pid"
done
[ -n "$left" ] || exit 0
for pid in $left; do kill -s TERM -- "-$pid"; done
sleep 2
for pid in $left; do kill -s KILL -- "-$pid"; done
`;

/**
 * Ends plugins whose host is gone without a word, such as by SIGKILL: plugins of other SDKs do not notice it themselves. A process of its
 * own, in a session of its own, started with the first plugin. Not on Windows, where the next start ends them (RunRecords).
 */
export class OrphanGuard {
  readonly #logger: Logger;
  #lines: Writable | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  watch(pid: number): void {
    if (process.platform === "win32") return;
    this.#lines ??= this.#start();
    this.#tell(`+ ${pid}`);
  }

  /** To be called when a process has ended: its id may be another's soon. */
  forget(pid: number): void {
    this.#tell(`- ${pid}`);
  }

  /** Ends it; a later `watch` starts another. */
  stop(): void {
    this.#lines?.end();
    this.#lines = undefined;
  }

  #tell(line: string): void {
    if (this.#lines?.writable === true) this.#lines.write(`${line}\n`);
  }

  #start(): Writable {
    const guard = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"], cwd: "/", env: { PATH: "/usr/bin:/bin" } });
    guard.once("error", (error) => this.#logger.warn({ error: error.message }, "plugins would outlive this server if it were killed"));
    // Without it everything goes on: what it would have done, the next start does.
    guard.stdin.on("error", () => undefined);
    guard.unref();
    return guard.stdin;
  }
}
