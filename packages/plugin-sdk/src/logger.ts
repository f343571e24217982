/** Named values beside a message. An Error is written as its message and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line for each call. Never hand it a secret: the host keeps what it reads. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each line. */
  with(fields: LogFields): Logger;
}

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** The `@module` of each line: usually the plugin's id. */
  readonly module: string;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

/**
 * Lines as hosts of hashicorp/go-plugin read them from a plugin's stderr: one JSON object with `@level`, `@message`, `@module` and
 * `@timestamp`, the fields beside them (https://github.com/hashicorp/go-hclog, JSON format).
 */
export function createLogger(options: LoggerOptions, bound: LogFields = {}): Logger {
  const lowest = logLevels.indexOf(options.level);
  const log = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (logLevels.indexOf(level) < lowest) return;
    options.write(`${logLine(options, level, message, { ...bound, ...fields })}\n`);
  };
  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
    with: (fields) => createLogger(options, { ...bound, ...fields }),
  };
}

function logLine(options: LoggerOptions, level: LogLevel, message: string, fields: LogFields): string {
  const head = { "@level": level, "@message": message, "@module": options.module, "@timestamp": options.now().toISOString() };
  try {
    return JSON.stringify({ ...head, ...fields }, plain);
  } catch {
    // A field that refers to itself must not cost the message.
    return JSON.stringify(head);
  }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return value.stack ?? `${value.name}: ${value.message}`;
  return value;
}

/** Reads a level such as `debug` from a setting; anything else is `info`. */
export function logLevelOf(text: string | undefined): LogLevel {
  return logLevels.find((level) => level === text) ?? "info";
}
