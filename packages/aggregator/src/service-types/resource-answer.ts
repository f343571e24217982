import { ApiError, type HttpResponse } from "@dataplane/meta";
import type { CallResourceResponse, StringList } from "@dataplane/plugin-protocol";

export interface ResourceAnswerOptions {
  readonly pluginId: string;
  readonly method: string;
}

/**
 * Answers as the plugin does, piece by piece: its first message has the code and the headers, all have parts of the body. Whoever does
 * not read the body to its end has to return its iterator: that cancels the call.
 */
export async function resourceAnswer(
  answers: AsyncIterator<CallResourceResponse>,
  { pluginId, method }: ResourceAnswerOptions,
): Promise<HttpResponse> {
  const first = await answers.next();
  if (first.done === true) throw new ApiError("BadGateway", `plugin ${JSON.stringify(pluginId)} gave no answer`);
  const { code, headers, body } = first.value;
  const answer = {
    // A code that HTTP does not know would break the connection.
    status: code >= 200 && code <= 599 ? code : code === 0 ? 200 : 502,
    headers: responseHeaders(headers),
  };
  if (method !== "HEAD" && !bodiless.has(answer.status)) return { ...answer, body: pieces(body, answers) };
  // Nobody will read the rest.
  await answers.return?.();
  return answer;
}

/** Statuses that have no body (RFC 9110 15). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

async function* pieces(first: Uint8Array, rest: AsyncIterator<CallResourceResponse>): AsyncIterable<Uint8Array> {
  try {
    if (first.byteLength > 0) yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      if (next.value.body.byteLength > 0) yield next.value.body;
    }
  } finally {
    // The client may leave in the middle: then the call is cancelled.
    await rest.return?.();
  }
}

/** Of one connection, or words between this server and its clients: a browser must not ask for a password in a plugin's name. */
const ours = new Set([
  "www-authenticate",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "trailer",
  "upgrade",
  "te",
  "proxy-connection",
]);

/** A plugin's page must not run as ours, so it gets a sandbox; and it must not set cookies for this server. */
function responseHeaders(headers: Readonly<Record<string, StringList>>): Readonly<Record<string, readonly string[] | string>> {
  const kept = new Map<string, readonly string[]>();
  for (const [name, { values }] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    const sound = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && values.every((value) => !controls.test(value));
    if (!sound || ours.has(lower) || lower === "set-cookie" || values.length === 0) continue;
    kept.set(lower, [...(kept.get(lower) ?? []), ...values.map(asBytes)]);
  }
  return { ...Object.fromEntries(kept), "content-security-policy": "sandbox" };
}

const controls = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Node writes a header's characters as Latin-1: one for each byte of the text that the plugin gave. */
const asBytes = (value: string): string => (/^[\x20-\x7e]*$/.test(value) ? value : Buffer.from(value, "utf8").toString("latin1"));
