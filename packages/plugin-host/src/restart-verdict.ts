import { NotAttached } from "./attached-process.js";
import { CredentialsUnavailable } from "./credentials-unavailable.js";
import type { PluginState } from "./plugin.js";
import { NoExecutable } from "./plugin-command.js";
import type { ProcessEnd } from "./process-watch.js";
import { loopAfter, restartDelayMs } from "./restart-policy.js";

/** How one life of a plugin's process ended, or that it did not begin. */
export interface LifeEnd {
  readonly ranMs: number;
  readonly reason: ProcessEnd["reason"];
  readonly error: Error;
}

export interface RestartVerdict extends Pick<PluginState, "phase" | "reason" | "message"> {
  /** Until the next start; undefined: none by itself. */
  readonly delayMs: number | undefined;
}

/** Whoever debugs a plugin starts and stops it often, and wants it back at once. */
const attachDelayMs = 1000;

/** What comes after `ends` ends in a row (1 or more). `giveUpAfter` 0: it is never given up. */
export function afterEnd(ends: number, { reason, error }: LifeEnd, giveUpAfter: number): RestartVerdict {
  const { message } = error;
  if (error instanceof NoExecutable) {
    return { phase: "failed", reason: "NoExecutable", message: `${message}; it is started when that changes`, delayMs: undefined };
  }
  if (error instanceof NotAttached) return { phase: "backoff", reason: "NotAttached", message, delayMs: attachDelayMs };
  if (error instanceof CredentialsUnavailable) {
    return { phase: "backoff", reason: "CredentialsUnavailable", message, delayMs: Math.max(restartDelayMs(ends), attachDelayMs) };
  }
  if (giveUpAfter > 0 && ends >= giveUpAfter) {
    const more = `given up after ${ends} ends in a row, until it is restarted or its files change`;
    return { phase: "failed", reason: "GaveUp", message: `${message}; ${more}`, delayMs: undefined };
  }
  const delayMs = restartDelayMs(ends);
  // After the first end it is started again at once: callers wait for that.
  if (delayMs === 0) return { phase: "starting", reason, message: `${message}; starting again`, delayMs };
  return {
    phase: "backoff",
    reason: ends < loopAfter ? "BackOff" : "CrashLoopBackOff",
    message: `${message}; next start in ${delayMs / 1000} s`,
    delayMs,
  };
}
