import { Agent, type IncomingMessage, request as send } from "node:http";
import { admin, type Json } from "../testing/call.js";

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** What came of a request. */
export interface Outcome {
  /** 0: no answer. */
  readonly status: number;
  readonly body: Json;
  /** False when it cannot have reached anybody. */
  readonly isSent: boolean;
}

const lost = (isSent: boolean): Outcome => ({ status: 0, body: {}, isSent });

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body?: object;
  readonly contentType?: string;
  readonly timeoutMs: number;
}

/** Never rejects. A connection that is refused carried nothing; of one that breaks later nobody knows. */
export function ask({ method, url, body, contentType = "application/json", timeoutMs }: Asked): Promise<Outcome> {
  return new Promise((resolve) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    // Node would not tell where the body of a DELETE ends.
    const framing = body === undefined ? {} : { "content-type": contentType, "content-length": String(Buffer.byteLength(text)) };
    const headers = { authorization: admin, ...framing };
    const request = send(url, { method, headers, agent, timeout: timeoutMs }, (response) => {
      textOf(response).then(
        (answer) => resolve(parsed(response, answer)),
        () => resolve(lost(true)),
      );
    });
    // The timeout of the socket is for silence; this one is for the whole.
    const late = setTimeout(() => request.destroy(new Error("late")), timeoutMs);
    request.on("close", () => clearTimeout(late));
    request.on("error", (error: NodeJS.ErrnoException) => resolve(lost(error.code !== "ECONNREFUSED")));
    request.end(text);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  if (!response.complete) throw new Error("the answer was cut");
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(response: IncomingMessage, text: string): Outcome {
  try {
    return { status: response.statusCode ?? 0, body: JSON.parse(text) as Json, isSent: true };
  } catch {
    return { status: response.statusCode ?? 0, body: { message: text.slice(0, 200) as unknown as Json }, isSent: true };
  }
}
