import { codecs } from "../codecs.js";
import type { PluginMethodName } from "../methods.js";
import type { MessageJson } from "./message-json.js";

/** How a recorded call ended: with its last response, by its caller's leaving, or by failing as a call. */
export type RecordedEnd =
  | "ok"
  | "canceled"
  | { readonly code: number; readonly message: string; readonly metadata?: Readonly<Record<string, string>> };

/** One call to a plugin, as a line of a recording has it. Holds no secret. */
export interface RecordedCall {
  readonly method: PluginMethodName;
  readonly request: MessageJson;
  /** One for a call with one answer. */
  readonly responses: readonly MessageJson[];
  readonly end: RecordedEnd;
}

/** The first line of a recording. */
export interface RecordingHeader {
  /** Of this format. */
  readonly recording: 1;
  /** The plugin's plugin.json, so that a recording can stand in for it. */
  readonly plugin: MessageJson;
}

/** The method of a full gRPC name; undefined for calls that are none of the plugin's own. */
export function methodOf(path: string): PluginMethodName | undefined {
  return methodNames.find((name) => codecs[name].path === path);
}

// The keys of the table are exactly the names.
export const methodNames = Object.keys(codecs) as readonly PluginMethodName[];
