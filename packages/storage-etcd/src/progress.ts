import type { Connected } from "./cluster.js";
import { status } from "./methods.js";

const statusMs = 2000;

/**
 * Whether the answer to a progress request means what it says: before these versions it could pass events by that were yet to come
 * (https://github.com/etcd-io/etcd/issues/15220). Then every key is watched, so that each revision is seen.
 */
export async function hasSoundProgress({ member, token }: Connected): Promise<boolean> {
  const { version } = await member.call(status, {}, { token, timeoutMs: statusMs });
  return isSound(version);
}

export function isSound(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (major !== 3 || minor > 5) return major > 2;
  return (minor === 5 && patch >= 13) || (minor === 4 && patch >= 31);
}
