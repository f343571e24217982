import { isUtf8 } from "node:buffer";
import { scanJsonFrame } from "@dataplane/frames";

/**
 * The text of JSON, without line ends: they stand between its tokens alone, where a blank is as good, and streams have their lines as
 * frames. Throws when it is no JSON in UTF-8.
 */
export function singleLineJson(data: Uint8Array): string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const text = bytes.toString("utf8").trim();
  if (text.startsWith("{")) scanJsonFrame(data);
  else if (!isUtf8(bytes)) throw new SyntaxError("it is not UTF-8");
  else JSON.parse(text);
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, " ") : text;
}
