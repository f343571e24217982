import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true });

/** Milliseconds until the first byte of the answer's body, over a connection that is kept. */
export function firstByteMs(url: string, authorization: string | undefined): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization };
    const asked = request(url, { agent, headers }, (answer) => {
      answer.once("data", () => {
        const took = performance.now() - started;
        answer.resume().once("end", () => resolve(took));
      });
    });
    asked.once("error", reject).end();
  });
}
