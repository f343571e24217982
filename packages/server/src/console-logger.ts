import type { Logger } from "@dataplane/meta";
import { pino } from "pino";
import type { Config } from "./config/load-config.js";

/** Lines on stderr: pino's JSON, or one readable line each. */
export function consoleLogger(config: Pick<Config, "logLevel" | "logFormat">): Logger {
  const destination = config.logFormat === "json" ? pino.destination({ fd: 2, sync: true }) : readable;
  return pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination,
  );
}

const readable = {
  write(line: string): void {
    const { level, time, msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const rest = Object.entries(fields).map(
      ([key, value]) => ` ${key}=${typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : shown(value)}`,
    );
    process.stderr.write(`${String(time)} ${String(level).toUpperCase().padEnd(5)} ${String(msg)}${rest.join("")}\n`);
  },
};

/** An error keeps its stack: it is what a bug report needs. */
const shown = (value: unknown): string => {
  if (typeof value === "object" && value !== null && "stack" in value) return String(value.stack);
  return JSON.stringify(value);
};
