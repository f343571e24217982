import { codec } from "./codec.js";
import { pluginv2 } from "./gen/wire.js";
import type { DataQuery, PluginContext, QueryDataRequest } from "./messages.js";
import { WireWriter } from "./wire-writer.js";

const contexts = codec<PluginContext>(pluginv2, "PluginContext");

/** Field number and wire type. */
const field = (number: number, wireType: "varint" | "bytes"): number => (number << 3) | (wireType === "bytes" ? 2 : 0);

const request = { pluginContext: field(1, "bytes"), headers: field(2, "bytes"), queries: field(3, "bytes"), format: field(4, "varint") };
const entry = { key: field(1, "bytes"), value: field(2, "bytes") };
const query = {
  ...{ refId: field(1, "bytes"), maxDataPoints: field(2, "varint"), intervalMS: field(3, "varint") },
  ...{ timeRange: field(4, "bytes"), json: field(5, "bytes"), queryType: field(6, "bytes") },
};
const range = { from: field(1, "varint"), to: field(2, "varint") };

const writer = new WireWriter();

/** A context is the larger part of most requests, and the same object from one to the next: what it encodes to is kept as long as it lives. */
const encoded = new WeakMap<PluginContext, Uint8Array>();

/**
 * A QueryDataRequest, or a QueryChunkedDataRequest, whose fields are the same. By hand, since it is made for each query: the generated code
 * takes several objects for every field.
 */
export function encodeQueryDataRequest({ pluginContext, headers, queries, format }: QueryDataRequest): Uint8Array {
  const context = encoded.get(pluginContext) ?? encodedContext(pluginContext);
  writer.raw(context);
  for (const name of Object.keys(headers)) {
    const start = writer.open(request.headers);
    writer.text(entry.key, name);
    writer.text(entry.value, headers[name] ?? "");
    writer.close(start);
  }
  for (const asked of queries) writeQuery(asked);
  writer.integer(request.format, format);
  return writer.finish();
}

function writeQuery({ refId, maxDataPoints, intervalMS, timeRange, json, queryType }: DataQuery): void {
  const start = writer.open(request.queries);
  writer.text(query.refId, refId);
  writer.integer(query.maxDataPoints, maxDataPoints);
  writer.integer(query.intervalMS, intervalMS);
  const times = writer.open(query.timeRange);
  writer.integer(range.from, timeRange.fromEpochMS);
  writer.integer(range.to, timeRange.toEpochMS);
  writer.close(times);
  writer.bytes(query.json, json);
  writer.text(query.queryType, queryType);
  writer.close(start);
}

function encodedContext(pluginContext: PluginContext): Uint8Array {
  const bytes = contexts.encode(pluginContext);
  writer.bytes(request.pluginContext, bytes);
  const context = writer.finish();
  encoded.set(pluginContext, context);
  return context;
}
