import { ApiError, type HttpRequest } from "@dataplane/meta";
import { headerOf } from "../request-body.js";

/**
 * The body of a request that goes on as it comes; undefined when there is none. Throws RequestEntityTooLarge when it is known to be over
 * `limitBytes`; its iteration throws that when it comes to be.
 */
export async function streamedBody(request: HttpRequest, limitBytes: number): Promise<AsyncIterable<Uint8Array> | undefined> {
  const length = headerOf(request, "content-length");
  if (length !== undefined) {
    if (Number(length) > limitBytes) throw tooLarge(limitBytes);
    return Number(length) === 0 ? undefined : limited(request.body[Symbol.asyncIterator](), undefined, limitBytes);
  }
  if (headerOf(request, "transfer-encoding") !== undefined) return limited(request.body[Symbol.asyncIterator](), undefined, limitBytes);
  // HTTP/2 needs neither header for a body: the first piece tells.
  const pieces = request.body[Symbol.asyncIterator]();
  const first = await pieces.next();
  return first.done === true ? undefined : limited(pieces, first.value, limitBytes);
}

async function* limited(rest: AsyncIterator<Uint8Array>, first: Uint8Array | undefined, limitBytes: number): AsyncIterable<Uint8Array> {
  let size = 0;
  try {
    for (let piece = first ?? (await next(rest)); piece !== undefined; piece = await next(rest)) {
      size += piece.byteLength;
      if (size > limitBytes) throw tooLarge(limitBytes);
      yield piece;
    }
  } finally {
    await rest.return?.();
  }
}

async function next(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  const step = await pieces.next();
  return step.done === true ? undefined : step.value;
}

const tooLarge = (limitBytes: number): ApiError => new ApiError("RequestEntityTooLarge", `the body must not be larger than ${limitBytes} bytes`);
