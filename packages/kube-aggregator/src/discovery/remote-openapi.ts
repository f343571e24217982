import { createHash } from "node:crypto";
import { basePathOf, isJsonObject, type JsonObject, TimeLimit } from "@dataplane/meta";
import type { ApiService } from "../apiservice.js";
import { aggregatorUser } from "../remote/probe.js";
import { readBytesBounded, soundJson } from "../remote/read-bounded.js";
import type { RemoteTransport } from "../remote/remote-transport.js";
import type { OpenApiPart } from "./remote-groups.js";
import { soundOpenApi } from "./sound-openapi.js";
import { fromSwagger } from "./swagger.js";

const timeoutMs = 10_000;
/** Kubernetes' own largest group has less than 1 MiB; all of its groups in one document have 4. */
const maxDocumentBytes = 8 * 1024 * 1024;

/** A description that was read, and by which the next look knows that it is the same. */
export interface RemoteDescription {
  readonly path: string;
  /** As the server gives it; empty when it gives none. */
  readonly etag: string;
  readonly hash: string;
  readonly openapi: OpenApiPart;
}

/**
 * What a server behind says of its group and version in `/openapi/v3`, or in `/openapi/v2` where it has no v3; the very `known` when that has
 * not changed. Undefined for a server with neither. Throws when it does not answer as it should.
 */
export async function remoteOpenApi(
  transport: RemoteTransport,
  service: ApiService,
  known: RemoteDescription | undefined,
  signal: AbortSignal,
): Promise<RemoteDescription | undefined> {
  const limit = new TimeLimit({ ms: timeoutMs, signal });
  const read = (path: string, compile: Compile): Promise<RemoteDescription | undefined> =>
    describe({ transport, service, path, compile, known: known?.path === path ? known : undefined, signal: limit.signal });
  try {
    return (await read(`/openapi/v3${basePathOf(service)}`, (document) => document)) ?? (await read("/openapi/v2", fromSwagger));
  } finally {
    limit.release();
  }
}

/** To a document of OpenAPI v3. */
type Compile = (document: JsonObject) => JsonObject;

interface Read {
  readonly transport: RemoteTransport;
  readonly service: ApiService;
  readonly path: string;
  readonly compile: Compile;
  readonly known: RemoteDescription | undefined;
  readonly signal: AbortSignal;
}

async function describe({ transport, service, path, compile, known, signal }: Read): Promise<RemoteDescription | undefined> {
  const headers = {
    ...{ accept: "application/json", "accept-encoding": "identity" },
    ...(known === undefined || known.etag === "" ? {} : { "if-none-match": known.etag }),
  };
  const answer = await transport.request(service, { method: "GET", path, headers, user: aggregatorUser, signal });
  if (answer.status !== 200) {
    answer.discard();
    if (answer.status === 304) return known;
    if (answer.status === 404) return undefined;
    throw new Error(`${path} answered ${answer.status}`);
  }
  const bytes = await readBytesBounded(answer, maxDocumentBytes, signal);
  const etag = [answer.headers["etag"] ?? ""].flat()[0] ?? "";
  const hash = createHash("sha256").update(bytes).digest("base64");
  if (hash === known?.hash) return known;
  const document = soundJson(bytes);
  if (!isJsonObject(document)) throw new Error(`${path} is no JSON object`);
  return { path, etag, hash, openapi: soundOpenApi(compile(document), service) };
}
