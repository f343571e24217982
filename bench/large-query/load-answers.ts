import path from "node:path";
import { bareEnvironment, runProcess } from "../../conformance/testing/run-process.js";
import { cpuSeconds } from "../measure/process-usage.js";
import { peakMiB, startPeak } from "./peak-memory.js";

/** What is asked, and by how many connections at once. */
export interface Asking {
  readonly url: string;
  readonly authorization?: string;
  readonly accept?: string;
  /** JSON; a GET without it. */
  readonly body?: string;
  readonly connections: number;
  readonly seconds: number;
  /** The answer has no end: it is left when the time is over. */
  readonly endless?: boolean;
}

/** What one run showed of the server's process. */
export interface AnswersSeen {
  readonly answersPerSecond: number;
  readonly mebibytesPerSecond: number;
  /** Bytes of each answer; 0 of endless ones. */
  readonly length: number;
  readonly p50Ms: number;
  /** CPU time of the server's process, in milliseconds: for each answer (NaN of endless ones), and for each MiB. */
  readonly cpuMsAnAnswer: number;
  readonly cpuMsAMebibyte: number;
  /** The most memory of the server's process during the run, that of before included. */
  readonly peakMiB: number;
}

interface Printed {
  readonly answers: number;
  readonly bytes: number;
  readonly length: number;
  readonly seconds: number;
  readonly p50Ms: number;
}

const loader = path.join(import.meta.dirname, "loader.mjs");

/** Reads answers for a while. Throws when any was not a 200, was cut off, or was of another length than the others. */
export async function loadAnswers(serverPid: number, asking: Asking): Promise<AnswersSeen> {
  startPeak(serverPid);
  const before = cpuSeconds(serverPid);
  const running = runProcess(process.execPath, [loader, JSON.stringify(asking)], { env: bareEnvironment() });
  const { code } = await running.end;
  if (code !== 0) throw new Error(`${asking.url}: ${running.stderr()}`);
  const cpuMs = (cpuSeconds(serverPid) - before) * 1000;
  const { answers, bytes, length, seconds, p50Ms } = JSON.parse(running.stdout()) as Printed;
  const mebibytes = bytes / 2 ** 20;
  return {
    answersPerSecond: answers / seconds,
    mebibytesPerSecond: mebibytes / seconds,
    length,
    p50Ms,
    cpuMsAnAnswer: answers === 0 ? Number.NaN : cpuMs / answers,
    cpuMsAMebibyte: cpuMs / mebibytes,
    peakMiB: peakMiB(serverPid),
  };
}
