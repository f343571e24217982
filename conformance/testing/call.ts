/** An answer, its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  json(): Json;
}

/** JSON that a test looks into: what is not there is undefined, at any depth. */
export interface Json {
  readonly [key: string]: Json | undefined;
}

export const admin = `Basic ${Buffer.from("admin:admin").toString("base64")}`;

export interface CallOptions {
  readonly method?: string;
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** One request as admin. */
export async function call(url: string, { method, body, headers, signal }: CallOptions = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { authorization: admin, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as Json };
}
