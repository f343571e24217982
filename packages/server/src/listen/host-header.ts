import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";

/** `uri-host [ ":" port ]` of RFC 9110 7.2; a host that is empty is one. */
const host = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\w:.%]+\])(?::\d{0,5})?$/;

/** Whether a request names the host it is for once and well (RFC 9112 3.2: anything else is a bad request). Node looks only that it is there. */
export function isForOneHost({ rawHeaders, headers }: Pick<IncomingMessage | Http2ServerRequest, "rawHeaders" | "headers">): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) if (isHost(rawHeaders[index] ?? "")) hosts += 1;
  const authority = headers[":authority"];
  const named = [headers.host, typeof authority === "string" ? authority : undefined].filter((it) => it !== undefined);
  return hosts <= 1 && named.every((it) => host.test(it));
}

const isHost = (name: string): boolean => name.length === 4 && name.toLowerCase() === "host";
