import { membersOf } from "@dataplane/frames";
import { ApiError } from "@dataplane/meta";
import type { StreamEnd, StreamMessage } from "./channels.js";

/** How one form of a stream is written. `initial` is the plugin's own first word. */
export interface StreamForm {
  readonly mediaType: string;
  /** Of this subscription alone. */
  initial(data: Uint8Array | undefined, id: string): Uint8Array;
  /** The same bytes for all; `epoch` is the channel's. */
  message(message: StreamMessage, epoch: string): Uint8Array;
  readonly ping: Uint8Array | undefined;
  error(error: ApiError): Uint8Array;
  end(reason: StreamEnd): Uint8Array;
}

const nothing = new Uint8Array();

/** Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export const serverSentEvents: StreamForm = {
  mediaType: "text/event-stream",
  initial: (data, id) => (data === undefined ? Buffer.from(`id: ${id}\n\n`) : event(data, id, hasSchema(data))),
  message: (message, epoch) => message.as("sse", ({ data, offset, hasSchema: brings }) => event(data, `${epoch}-${offset}`, brings)),
  ping: Buffer.from(": ping\n\n"),
  error: (error) => Buffer.from(`event: error\ndata: ${JSON.stringify(error.toStatus())}\n\n`),
  end: (reason) => Buffer.from(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`),
};

/** One JSON text a line. A failure is a line `{"error": <Status>}`. */
export const jsonLines: StreamForm = {
  mediaType: "text/jsonl",
  initial: (data) => (data === undefined ? nothing : line(data)),
  message: (message) => message.as("lines", ({ data }) => line(data)),
  ping: undefined,
  error: (error) => line(errorText(error)),
  end: () => nothing,
};

export const errorText = (error: ApiError): Buffer => Buffer.from(JSON.stringify({ error: error.toStatus() }));

/** A message with a schema is `schema`, rows of the schema before are `frame`: what a client does with the two differs. */
const event = (data: Uint8Array, id: string, hasSchema: boolean): Buffer =>
  Buffer.concat([Buffer.from(`id: ${id}\nevent: ${hasSchema ? "schema" : "frame"}\ndata: `), data, Buffer.from("\n\n")]);

const line = (data: Uint8Array): Buffer => Buffer.concat([data, Buffer.from("\n")]);

const hasSchema = (data: Uint8Array): boolean => membersOf(new TextDecoder().decode(data)).has("schema");
