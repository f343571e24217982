import type { HttpResponse, JsonObject } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import type { ServedResource } from "../define-resource.js";
import { PieceWriter } from "../piece-writer.js";
import { jsonBytes } from "../render.js";
import { objectOpening } from "../shown.js";
import { columnDefinitions, type IncludeObject, partialMetadata } from "../table.js";
import { shownCell } from "../table-cells.js";

// Lists as JSON, joined from the bytes that are stored: no object is parsed for them, nor printed, but where an answer shows it otherwise
// than it is stored.

const encoder = new TextEncoder();

/** Everything of a list but its items. */
export interface ListHead {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: JsonObject;
}

/** Whole objects. */
export function joinedObjects(resource: ServedResource, head: ListHead, items: readonly StoredValue[]): HttpResponse {
  const opening = encoder.encode(resource.hasProtobuf ? itemOpening : objectOpening(resource));
  return joined({ ...head, items: [] }, items, (out, stored) => {
    const shown = stored.shownBy(resource);
    if (shown.isVerbatim) writeVerbatim(out, { opening, revision: stored.revision, fields: stored.fields });
    else out.text(JSON.stringify(shown.item));
  });
}

/** The metadata of each object, as PartialObjectMetadata of this version of meta.k8s.io. */
export const joinedMetadata = (resource: ServedResource, head: ListHead, items: readonly StoredValue[], version: string): HttpResponse =>
  joined({ ...head, items: [] }, items, metadataWriter(resource, version));

/** A row for each object. */
export function joinedTable(
  resource: ServedResource,
  items: readonly StoredValue[],
  {
    version,
    metadata,
    includeObject,
    now,
  }: {
    readonly version: string;
    readonly metadata: JsonObject;
    readonly includeObject: IncludeObject;
    readonly now: Date;
  },
): HttpResponse {
  const head = { kind: "Table", apiVersion: `meta.k8s.io/${version}`, metadata, columnDefinitions: columnDefinitions(resource.definition) };
  const writeObject = objectWriters[includeObject](resource, version);
  return joined({ ...head, rows: [] }, items, (out, stored) => {
    const shown = stored.shownBy(resource);
    const cells = shown.cells.map((cell) => shownCell(cell, () => shown.object, now));
    out.text(`{"cells":${JSON.stringify(cells)}${writeObject === undefined ? "" : ',"object":'}`);
    writeObject?.(out, stored);
    out.ascii("}");
  });
}

type ItemWriter = (out: PieceWriter, stored: StoredValue) => void;

/** Of built-in kinds, whose items do not repeat what the list says of their kind. */
const itemOpening = '{"metadata":{"resourceVersion":"';

const objectWriters: Readonly<Record<IncludeObject, (resource: ServedResource, version: string) => ItemWriter | undefined>> = {
  None: () => undefined,
  Metadata: metadataWriter,
  Object: objectWriter,
};

function objectWriter(resource: ServedResource): ItemWriter {
  const opening = encoder.encode(objectOpening(resource));
  return (out, stored) => {
    const shown = stored.shownBy(resource);
    if (shown.isVerbatim) writeVerbatim(out, { opening, revision: stored.revision, fields: stored.fields });
    else out.text(JSON.stringify(shown.object));
  };
}

function metadataWriter(resource: ServedResource, version: string): ItemWriter {
  const opening = encoder.encode(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":{"resourceVersion":"`);
  return (out, stored) => {
    const shown = stored.shownBy(resource);
    if (!shown.hasVerbatimMetadata) {
      out.text(JSON.stringify(partialMetadata(shown.object, version)));
      return;
    }
    writeVerbatim(out, { opening, revision: stored.revision, fields: stored.metadataFields });
    out.ascii("}");
  };
}

interface Verbatim {
  readonly opening: Uint8Array;
  readonly revision: bigint;
  readonly fields: Uint8Array;
}

function writeVerbatim(out: PieceWriter, { opening, revision, fields }: Verbatim): void {
  out.bytes(opening);
  out.ascii(String(revision));
  out.ascii('",');
  out.bytes(fields);
}

/** `list` ends in an empty array, which gets the items. */
function joined(list: object, items: readonly StoredValue[], write: ItemWriter): HttpResponse {
  const out = new PieceWriter();
  out.text(JSON.stringify(list).slice(0, -"]}".length));
  for (const [index, stored] of items.entries()) {
    if (index > 0) out.ascii(",");
    write(out, stored);
  }
  out.text("]}\n");
  return jsonBytes(200, out.done());
}
