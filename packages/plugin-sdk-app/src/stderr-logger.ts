import type { Logger } from "@dataplane/meta";

/** Lines as hosts read them from a plugin's stderr (https://github.com/hashicorp/go-hclog, JSON format). */
export function stderrLogger(bound: object = {}, write: (line: string) => void = (line) => void process.stderr.write(line)): Logger {
  const log = (level: string, fields: object, message: string): void => {
    const head = { "@level": level, "@message": message, "@module": "controller", "@timestamp": new Date().toISOString() };
    write(`${JSON.stringify({ ...head, ...bound, ...fields })}\n`);
  };
  return {
    debug: (fields, message) => log("debug", fields, message),
    info: (fields, message) => log("info", fields, message),
    warn: (fields, message) => log("warn", fields, message),
    error: (fields, message) => log("error", fields, message),
    child: (fields) => stderrLogger({ ...bound, ...fields }, write),
  };
}
