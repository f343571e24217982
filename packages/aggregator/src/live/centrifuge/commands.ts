import { membersOf } from "@dataplane/frames";

const methods = [
  ...(["connect", "subscribe", "unsubscribe", "publish", "presence", "presence_stats"] as const),
  ...(["history", "rpc", "refresh", "sub_refresh", "send"] as const),
] as const;

export type Method = (typeof methods)[number];

/** One command of a client. */
export interface Command {
  /** Of its reply; 0 for `send`, which has none. */
  readonly id: number;
  /** Undefined for one that this protocol does not know. */
  readonly method: Method | undefined;
  readonly channel: string;
  /** JSON, as the client wrote it: numbers are not rounded. */
  readonly data: string | undefined;
  /** Where it left off. */
  readonly resume?: { readonly epoch: string; readonly offset: number };
  /** Of `history`: how many publications. */
  readonly limit: number;
}

/** What a client says: a command, or the answer to a ping. */
export type ClientMessage = Command | "pong";

/** Text that is not the protocol's: the connection ends. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** The messages of one frame, a line each. Throws ProtocolError. */
export const parseFrame = (text: string): readonly ClientMessage[] =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(parseLine);

function parseLine(line: string): ClientMessage {
  const command = objectOf(line);
  const names = Object.keys(command).filter((name) => name !== "id");
  if (names.length === 0 && command["id"] === undefined) return "pong";
  const id = command["id"] ?? 0;
  const [name] = names;
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > 0xff_ff_ff_ff || name === undefined || names.length > 1) {
    throw new ProtocolError("a command has an id and one method");
  }
  const method = methods.find((it) => it === name);
  if (id === 0 && method !== "send") throw new ProtocolError("a command has an id");
  const params = command[name];
  if (!isObject(params)) throw new ProtocolError("a method has an object");
  const raw = membersOf(line.trim()).get(name) ?? "{}";
  return { id, method, ...paramsOf(params, membersOf(raw).get("data")) };
}

function paramsOf(params: Readonly<Record<string, unknown>>, data: string | undefined): Omit<Command, "id" | "method"> {
  const { channel = "", recover, epoch = "", offset = 0, limit = 0 } = params;
  if (typeof channel !== "string" || typeof epoch !== "string" || !isCount(offset) || typeof limit !== "number") {
    throw new ProtocolError("a parameter is of the wrong type");
  }
  return { channel, data, limit, ...(recover === true ? { resume: { epoch, offset } } : {}) };
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

function objectOf(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new ProtocolError("a message is no JSON", { cause });
  }
  if (!isObject(value)) throw new ProtocolError("a message is no object");
  return value;
}
