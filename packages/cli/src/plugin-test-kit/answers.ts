import type { JsonValue } from "@dataplane/meta";
import { GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { Broken, NotServed } from "./check.js";

/** Whether a call failed as a call that the plugin does not serve does: an SDK's word for it, an unknown service, or no word at all. */
export const isUnimplemented = (thrown: unknown): boolean => thrown instanceof GrpcError && thrown.code === GrpcCode.Unimplemented;

/** The answer, or NotServed for a call that the plugin does not serve. */
export async function served<Answer>(what: string, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (thrown) {
    if (isUnimplemented(thrown)) throw new NotServed(`${what} is not served`);
    throw thrown;
  }
}

/** Every message of a stream, at most `limit`. */
export async function collect<Message>(messages: AsyncIterable<Message>, limit = 1000): Promise<readonly Message[]> {
  const all: Message[] = [];
  for await (const message of messages) {
    all.push(message);
    if (all.length >= limit) break;
  }
  return all;
}

/** What a call came to: its answer's shape does not matter, only that there is an answer or a proper failure. */
export async function settled(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "answered";
  } catch (thrown) {
    if (!(thrown instanceof GrpcError)) throw thrown;
    if (thrown.code === GrpcCode.Unavailable) throw new Broken(`the connection was lost: ${thrown.message}`);
    if (thrown.code === GrpcCode.DeadlineExceeded) throw new Broken("there was no answer in time");
    return `refused (${nameOf(thrown.code)})`;
  }
}

export function nameOf(code: GrpcCode): string {
  return Object.entries(GrpcCode).find(([, value]) => value === code)?.[0] ?? String(code);
}

/** JSON of bytes. Throws Broken, which names them. */
export function parseJson(bytes: Uint8Array, what: string): JsonValue {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as JsonValue;
  } catch {
    throw new Broken(`${what} is not JSON in UTF-8`);
  }
}
