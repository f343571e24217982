import { Buffer } from "node:buffer";
import { parseRequestInfo } from "@dataplane/apiserver";
import { ApiError, type Handler, type HttpRequest, type HttpResponse, systemGroups, type UserInfo } from "@dataplane/meta";

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** Names and values in turn, as a connection would give them. */
  readonly rawHeaders?: readonly string[];
  readonly body?: string | Uint8Array | object;
  readonly user?: UserInfo;
  readonly signal?: AbortSignal;
  readonly credentialHeaders?: readonly string[];
}

/** A response that was read to its end. */
export interface Received {
  readonly status: number;
  readonly headers: HttpResponse["headers"];
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: unknown;
}

const admin: UserInfo = { name: "admin", groups: [systemGroups.masters, systemGroups.authenticated] };

/** Sends one request to a server of the chain, without a socket; errors come as the Status that they are rendered to. */
export const call = async (handler: Handler, method: string, url: string, sent: Sent = {}): Promise<Received> =>
  read(await handler(aRequest(method, url, sent)).catch(rendered));

/** A request as a listener makes it, its filters passed. */
export function aRequest(method: string, url: string, sent: Sent = {}): HttpRequest {
  const [path = "", query = ""] = url.split("?", 2);
  const { body } = sent;
  const bytes = body === undefined ? undefined : Buffer.from(typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body));
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: sent.headers ?? {},
    ...(sent.rawHeaders === undefined ? {} : { rawHeaders: sent.rawHeaders, rawQuery: query }),
    body: once(bytes),
    signal: sent.signal ?? new AbortController().signal,
    remoteAddress: "127.0.0.1",
    context: {
      user: sent.user ?? admin,
      info: parseRequestInfo(method, path, new URLSearchParams(query)),
      credentialHeaders: sent.credentialHeaders ?? ["authorization"],
    },
  };
}

async function* once(bytes: Uint8Array | undefined): AsyncIterable<Uint8Array> {
  if (bytes !== undefined) yield await Promise.resolve(bytes);
}

function rendered(thrown: unknown): HttpResponse {
  const error = ApiError.from(thrown);
  if (error.reason === "InternalError") throw thrown;
  return { status: error.code, headers: { "content-type": "application/json", ...error.headers }, body: JSON.stringify(error.toStatus()) };
}

async function read({ status, headers, body }: HttpResponse): Promise<Received> {
  const pieces: Uint8Array[] = [];
  if (typeof body === "string" || body instanceof Uint8Array) pieces.push(Buffer.from(body));
  else if (body !== undefined) for await (const piece of body) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const text = bytes.toString("utf8");
  const isJson = String(headers["content-type"] ?? "").startsWith("application/json");
  return { status, headers, bytes, text, json: isJson && text !== "" ? (JSON.parse(text) as unknown) : undefined };
}
