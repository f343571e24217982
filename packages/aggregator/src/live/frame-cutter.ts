import { membersOf } from "@dataplane/frames";
import { singleLineJson } from "./single-line-json.js";
import { EncodedMessage, type PublishedMessage } from "./stream-message.js";

/**
 * Cuts the schema out of frames while it is the one before: the first message of a channel has schema and data, later ones data alone
 * until the schema changes. Frames are scanned, never parsed. Other JSON is passed on as it is.
 */
export class FrameCutter {
  /** Text of the last schema. */
  #schema: string | undefined;

  /** Throws when `data` is no JSON in UTF-8. */
  cut(offset: number, data: Uint8Array): PublishedMessage {
    const text = singleLineJson(data);
    const members = text.startsWith("{") ? membersOf(text) : undefined;
    const sent = members?.get("schema");
    const schema = sent === "null" ? undefined : sent;
    const values = members?.get("data");
    if (schema === undefined && (values === undefined || this.#schema === undefined)) return alone(offset, text, false);
    if (values === undefined || members === undefined) return this.#remember(schema, alone(offset, text, true));
    const isNew = schema !== undefined && schema !== this.#schema;
    if (isNew) return this.#remember(schema, alone(offset, text, true));
    // Without members beside the two, which a client must get whatever the schema.
    const beside = [...members].filter(([key]) => key !== "schema").map(([key, value]) => `${JSON.stringify(key)}:${value}`);
    const rest = beside.join(",");
    return {
      message: new EncodedMessage(offset, Buffer.from(`{${rest}}`), false),
      whole: new EncodedMessage(offset, Buffer.from(`{"schema":${this.#schema ?? "null"},${rest}}`), true),
    };
  }

  #remember(schema: string | undefined, published: PublishedMessage): PublishedMessage {
    this.#schema = schema;
    return published;
  }
}

function alone(offset: number, text: string, hasSchema: boolean): PublishedMessage {
  const message = new EncodedMessage(offset, Buffer.from(text), hasSchema);
  return { message, whole: message };
}
