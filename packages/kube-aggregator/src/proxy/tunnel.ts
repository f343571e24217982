import { pipeline } from "node:stream";
import type { HttpRequest, HttpResponse } from "@dataplane/meta";
import type { RemoteUpgrade } from "../remote/remote-transport.js";
import { answeredHeaders } from "./forwarded-headers.js";

/** Joins the client's connection and that of the server behind, once both have left HTTP: bytes go both ways until either ends. */
export function takenOver(
  { signal, upgrade = "websocket", headers: asked }: HttpRequest,
  { headers, socket: upstream, head: first }: RemoteUpgrade,
): HttpResponse {
  return {
    status: 101,
    headers: {},
    takeOver({ socket, head }) {
      const cut = (): void => {
        socket.destroy();
        upstream.destroy();
      };
      if (signal.aborted || upstream.destroyed) {
        cut();
        return;
      }
      signal.addEventListener("abort", cut, { once: true });
      // Two pipelines listen on each.
      for (const end of [socket, upstream]) end.setMaxListeners(24);
      socket.write(statusLine([asked["upgrade"] ?? upgrade].flat()[0] ?? upgrade, headers), "latin1");
      if (first.byteLength > 0) socket.write(first);
      if (head.byteLength > 0) upstream.write(head);
      // One direction may end before the other; when one breaks, both do.
      const unlessWhole = (error: NodeJS.ErrnoException | null): void => {
        if (error !== null) cut();
      };
      pipeline(socket, upstream, unlessWhole);
      pipeline(upstream, socket, unlessWhole);
      upstream.once("close", () => {
        signal.removeEventListener("abort", cut);
        // What was read before the end is still written.
        socket.end();
      });
      socket.once("close", cut);
    },
  };
}

function statusLine(protocol: string, headers: RemoteUpgrade["headers"]): string {
  const lines = Object.entries(answeredHeaders(headers)).flatMap(([name, value]) => [value].flat().map((it) => `${name}: ${it}`));
  const named = [headers["upgrade"] ?? protocol].flat()[0] ?? protocol;
  return ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", `Upgrade: ${named}`, ...lines, "", ""].join("\r\n");
}
