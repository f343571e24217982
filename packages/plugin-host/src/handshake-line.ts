import type { Readable } from "node:stream";
import { type Handshake, parseHandshake } from "@dataplane/plugin-protocol";

/** Nothing that is a handshake is longer: a certificate in base64 is under 4 KiB. */
const maxBytes = 16 * 1024;

/** The process did not become a plugin; the message says why. */
export class StartFailed extends Error {
  override readonly name = "StartFailed";
}

/** Waits for the first line of a plugin's stdout and reads it. Throws StartFailed or HandshakeError; rejects with the signal's reason. */
export function readHandshake(stdout: Readable, signal: AbortSignal): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let text = "";
    const finish = (act: () => void): void => {
      stdout.off("data", take);
      stdout.off("end", ended);
      signal.removeEventListener("abort", aborted);
      act();
    };
    const take = (piece: Buffer): void => {
      text += piece.toString("latin1");
      const end = text.indexOf("\n");
      if (end < 0 && text.length <= maxBytes) return;
      finish(() => {
        if (end < 0) reject(new StartFailed(`the plugin's first line is no handshake: over ${maxBytes} bytes without an end`));
        else settle(text.slice(0, end), resolve, reject);
      });
    };
    const ended = (): void => finish(() => reject(new StartFailed("the plugin ended before its handshake")));
    const aborted = (): void => finish(() => reject(signal.reason instanceof Error ? signal.reason : new StartFailed("the start was stopped")));
    signal.addEventListener("abort", aborted, { once: true });
    stdout.on("data", take);
    stdout.on("end", ended);
    if (signal.aborted) aborted();
  });
}

function settle(line: string, resolve: (handshake: Handshake) => void, reject: (error: unknown) => void): void {
  try {
    resolve(parseHandshake(line));
  } catch (error) {
    reject(error);
  }
}
