import { basePathOf, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { ApiService } from "../apiservice.js";
import { aggregatorUser } from "../remote/probe.js";
import { readBounded } from "../remote/read-bounded.js";
import type { RemoteTransport } from "../remote/remote-transport.js";
import type { OpenApiPart } from "./remote-groups.js";

const timeoutMs = 10_000;
const maxDocumentBytes = 16 * 1024 * 1024;

/** A description that was read, and by which the next look knows that it is the same. */
export interface RemoteDescription {
  readonly etag: string;
  readonly openapi: OpenApiPart;
}

/**
 * What a server behind says of its group and version in `/openapi/v3`; the very `known` when that has not changed. Undefined for a server
 * without OpenAPI 3. Throws when it does not answer as it should.
 */
export async function remoteOpenApi(
  transport: RemoteTransport,
  service: ApiService,
  known: RemoteDescription | undefined,
  signal: AbortSignal,
): Promise<RemoteDescription | undefined> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const headers = { accept: "application/json", "accept-encoding": "identity", ...(known === undefined ? {} : { "if-none-match": known.etag }) };
  const answer = await transport.request(service, {
    method: "GET",
    path: `/openapi/v3${basePathOf(service)}`,
    headers,
    user: aggregatorUser,
    signal: late,
  });
  if (answer.status === 304 || answer.status === 404) {
    answer.discard();
    return answer.status === 304 ? known : undefined;
  }
  if (answer.status !== 200) {
    answer.discard();
    throw new Error(`/openapi/v3 answered ${answer.status}`);
  }
  const document = await readBounded(answer, maxDocumentBytes, late);
  const etag = [answer.headers["etag"] ?? ""].flat()[0] ?? "";
  return { etag, openapi: partOf(document, basePathOf(service)) };
}

/** Paths below the group and version alone: what a server says of others is not its affair. */
function partOf(document: unknown, base: string): OpenApiPart {
  if (!isJsonObject(document)) throw new Error("/openapi/v3 is no JSON object");
  const { paths, components } = document;
  const schemas = isJsonObject(components) ? components["schemas"] : undefined;
  return {
    paths: objectsIn(paths, (path) => path === base || path === `${base}/` || path.startsWith(`${base}/`)),
    schemas: objectsIn(schemas, () => true),
  };
}

const objectsIn = (value: unknown, isWanted: (key: string) => boolean): JsonObject =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).filter(([key, it]) => isJsonObject(it) && isWanted(key))) : {};
