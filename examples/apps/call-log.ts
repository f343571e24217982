import { appendFileSync } from "node:fs";
import process from "node:process";

/**
 * Notes what the plugin was asked, as one JSON line a call, in the file that `[plugin.<id>] call_log` names; without one, nowhere. For
 * whoever wants to see which requests reach a plugin: it blocks, and is not for a server with work to do.
 */
export function logCall(call: string, details: Readonly<Record<string, unknown>>): void {
  const file = process.env["GF_PLUGIN_CALL_LOG"] ?? "";
  if (file !== "") appendFileSync(file, `${JSON.stringify({ call, ...details })}\n`);
}
