import { createHash } from "node:crypto";
import type { ApiSource } from "../api-source.js";
import { documentsV3, type GroupVersionDocument } from "./document-v3.js";
import { encodeGnosticDocument } from "./gnostic-document.js";
import { swaggerV2 } from "./swagger-v2.js";

/** A document as it is sent, with the hash of its bytes. */
export interface Rendered {
  readonly body: Uint8Array;
  readonly hash: string;
}

/** What one generation of the sources renders to; each part is made when it is first asked for. */
export interface OpenApiSnapshot {
  readonly index: () => Rendered;
  readonly v3: (key: string) => Rendered | undefined;
  readonly v2Json: () => Rendered;
  readonly v2Protobuf: () => Rendered;
}

/** The snapshot of now: rebuilt only when a source's generation has changed. */
export function openApiSnapshots(sources: readonly ApiSource[], version: string): () => OpenApiSnapshot {
  let current: { readonly generations: string; readonly snapshot: OpenApiSnapshot } | undefined;
  return () => {
    const generations = sources.map(({ generation }) => generation).join(",");
    if (current?.generations !== generations) current = { generations, snapshot: snapshotOf(documentsV3(sources, version), version) };
    return current.snapshot;
  };
}

function snapshotOf(documents: readonly GroupVersionDocument[], version: string): OpenApiSnapshot {
  const rendered = new Map(documents.map(({ key, document }) => [key, once(() => render(JSON.stringify(document)))]));
  const swagger = once(() => swaggerV2(documents, version));
  return {
    index: once(() => {
      const paths = [...rendered].map(([key, document]) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${document().hash}` }] as const);
      return render(JSON.stringify({ paths: Object.fromEntries(paths) }));
    }),
    v3: (key) => rendered.get(key)?.(),
    v2Json: once(() => render(JSON.stringify(swagger()))),
    v2Protobuf: once(() => render(encodeGnosticDocument(swagger()))),
  };
}

function render(content: string | Uint8Array): Rendered {
  const body = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { body, hash: createHash("sha256").update(body).digest("hex").toUpperCase() };
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
