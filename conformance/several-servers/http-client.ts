import { Agent, type IncomingMessage, request } from "node:http";
import { admin } from "../testing/call.js";

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** A client as most are: it keeps connections, leaves those that an answer ends, and tries nothing twice. */
export class HttpClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4 });
  }

  async call(method: string, path: string, body?: object): Promise<Reply> {
    const answer = await this.open(method, path, body);
    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece as Buffer);
    return { status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString("utf8") };
  }

  /** Rejects when the connection breaks before there is a head. */
  open(method: string, path: string, body?: object): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        authorization: admin,
        ...(text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      };
      request(new URL(path, this.#url), { method, headers, agent: this.#agent }, resolve).on("error", reject).end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
