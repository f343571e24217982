import { type CallOptions, GrpcCode, GrpcError } from "./grpc-link.js";

/** A call's metadata as header fields. Throws GrpcError InvalidArgument on what no header can carry; the value is not repeated. */
export function metadataFields(metadata: CallOptions["metadata"]): readonly (readonly [name: string, value: string])[] {
  const fields = Object.entries(metadata ?? {});
  for (const [name, value] of fields) {
    if (!/^[a-z0-9_.-]+$/.test(name) || name.startsWith("grpc-"))
      throw new GrpcError(GrpcCode.InvalidArgument, `metadata name ${JSON.stringify(name)} is not allowed`);
    if (!/^[\x20-\x7e]*$/.test(value)) throw new GrpcError(GrpcCode.InvalidArgument, `the value of metadata ${name} is not printable ASCII`);
  }
  return fields;
}
