import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true });

/** Milliseconds until the first byte of the answer's body, over a connection that is kept unless the rest is `left` unread. */
export function firstByteMs({ url, authorization }: { readonly url: string; readonly authorization?: string }, left: boolean): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization };
    const asked = request(url, { agent, headers }, (answer) => {
      answer.once("data", () => {
        const took = performance.now() - started;
        answer.once("close", () => resolve(took));
        if (left) answer.destroy();
        else answer.resume();
      });
    });
    asked.once("error", reject).end();
  });
}
