import { request } from "node:http";
import WebSocket from "ws";
import { admin } from "./call.js";
import { until } from "./until.js";

/** A stream that is read as it comes. */
export interface OpenStream {
  readonly text: () => string;
  /** Resolves when the text fits; rejects with what came instead. */
  readonly has: (pattern: RegExp) => Promise<void>;
  /** Resolves when the server ended it, or cut it. */
  readonly ended: Promise<"ended" | "cut">;
  /** Stops and goes on with reading. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly leave: () => void;
}

/** GET as admin, over a connection of its own. Rejects when the answer is no 200. */
export function openStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { authorization: admin, ...headers }, agent: false }, (answer) => {
      if (answer.statusCode !== 200) {
        answer.resume();
        reject(new Error(`${url} answered ${String(answer.statusCode)}`));
        return;
      }
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      const ended = new Promise<"ended" | "cut">((tell) => {
        answer.once("end", () => tell("ended")).once("error", () => tell("cut"));
      });
      resolve({
        ...{ text: () => text, ended },
        has: async (pattern) => {
          await until(String(pattern), () => (pattern.test(text) ? true : undefined));
        },
        pause: () => void answer.pause(),
        resume: () => void answer.resume(),
        leave: () => void asked.destroy(),
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** A stream over WebSocket. */
export interface OpenSocket {
  readonly texts: readonly string[];
  /** The code of the close. */
  readonly closed: Promise<number>;
}

export function openSocket(url: string): OpenSocket {
  const socket = new WebSocket(url.replace("http:", "ws:"), { headers: { authorization: admin } });
  const texts: string[] = [];
  socket.on("message", (data: Buffer) => texts.push(data.toString("utf8")));
  return {
    texts,
    closed: new Promise((resolve, reject) => {
      socket.once("close", resolve);
      socket.once("error", reject);
    }),
  };
}
