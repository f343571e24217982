/** One request of the campaign; the path may hold a query. */
export interface FuzzRequest {
  /** What it is of, for the counts. */
  readonly what: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A line that tells which it was; bodies are cut. */
export function describeRequest({ what, method, target, headers, body }: FuzzRequest): string {
  const text = body === undefined ? "" : typeof body === "string" ? JSON.stringify(body) : `0x${Buffer.from(body).toString("hex")}`;
  return `${what}: ${method} ${target.slice(0, 500)} ${JSON.stringify(headers).slice(0, 300)} ${text.slice(0, 4_000)}`;
}
