import type { IncomingMessage, ServerResponse } from "node:http";

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: { readonly uid: string; readonly objects?: readonly object[]; readonly desiredAPIVersion?: string };
}

/** A backend by HTTP that answers queries and reviews in their form, and tells of anything else what it was asked. */
export function answerAsBackend(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answerOf(request.url ?? "", request.method ?? "", Buffer.concat(pieces).toString())));
  });
}

function answerOf(url: string, method: string, body: string): object {
  const { pathname } = new URL(url, "http://localhost");
  if (pathname.endsWith("/query")) return { results: { A: { status: 200, frames: [] } } };
  if (!pathname.endsWith("/convert") && !pathname.includes("/admission/")) return { asked: `${method} ${pathname}` };
  const { apiVersion, kind, request } = JSON.parse(body) as Review;
  const converted = request.objects?.map((object) => ({ ...object, apiVersion: request.desiredAPIVersion }));
  const answer = pathname.endsWith("/convert") ? { result: { status: "Success" }, convertedObjects: converted } : { allowed: true };
  return { apiVersion, kind, response: { uid: request.uid, ...answer } };
}
