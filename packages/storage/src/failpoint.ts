/** Where a fault may be put between two steps of a write, a compaction or a watch. */
export type Failpoint =
  | "before-write"
  | "before-commit"
  | "after-commit"
  | "before-notify"
  | "after-notify"
  | "before-cache-apply"
  | "after-cache-apply"
  | "before-compact"
  | "during-compact"
  | "after-compact"
  | "before-watch-send"
  | "after-watch-send";

/**
 * Does nothing, but where `DATAPLANE_FAILPOINTS` names the point: `before-commit=kill@3` kills this process (SIGKILL) when it comes there for
 * the third time, `=stop@3` stops it (SIGSTOP), `=sleep:200@3` holds the thread up for so many milliseconds. Several are parted by commas. For
 * campaigns that look for what a crash would lose: https://github.com/etcd-io/gofail is the idea.
 */
export const failpoint: (point: Failpoint) => void = armed(process.env["DATAPLANE_FAILPOINTS"]);

interface Charge {
  readonly action: string;
  left: number;
}

function armed(text: string | undefined): (point: Failpoint) => void {
  if (text === undefined || text === "") return () => undefined;
  const charges = new Map<string, Charge>();
  for (const each of text.split(",")) {
    const match = /^([a-z-]+)=(kill|stop|sleep:\d+)(?:@(\d+))?$/.exec(each.trim());
    if (match === null) throw new Error(`DATAPLANE_FAILPOINTS: expected point=kill@3, found ${JSON.stringify(each)}`);
    charges.set(match[1] ?? "", { action: match[2] ?? "", left: Number(match[3] ?? 1) });
  }
  return (point) => {
    const charge = charges.get(point);
    if (charge === undefined || --charge.left !== 0) return;
    act(charge.action);
  };
}

function act(action: string): void {
  if (action === "kill") process.kill(process.pid, "SIGKILL");
  else if (action === "stop") process.kill(process.pid, "SIGSTOP");
  // The thread itself waits, as it would for a slow disk.
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(action.slice("sleep:".length)));
}
