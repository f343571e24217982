/** A message type as protobufjs' static code has it: the one untyped edge of the codecs. */
export interface WireMessage {
  encode(message: object): { finish(): Uint8Array };
  /** Throws on bytes that are no such message. */
  decode(bytes: Uint8Array): object;
}

/** A package: its message types, and the packages inside it. */
export interface WireNamespace {
  readonly [name: string]: WireMessage | WireNamespace;
}

/** The message type with that full name inside `root`. Throws when the generated code has none: a programmer's error. */
export function wireMessage(root: WireNamespace, name: string): WireMessage {
  let found: WireMessage | WireNamespace | undefined = root;
  for (const part of name.split(".")) found = isNamespace(found) ? found[part] : undefined;
  if (found === undefined || !isMessage(found)) throw new Error(`no message type ${name}`);
  return found;
}

function isMessage(value: WireMessage | WireNamespace): value is WireMessage {
  return typeof value["encode"] === "function" && typeof value["decode"] === "function";
}

const isNamespace = (value: WireMessage | WireNamespace | undefined): value is WireNamespace => typeof value === "object";
