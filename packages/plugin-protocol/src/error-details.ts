import { errorInfoCodec, rpcStatusCodec } from "./process-services.js";

/** The trailer that carries google.rpc.Status. */
export const detailsTrailer = "grpc-status-details-bin";
const errorInfoType = "type.googleapis.com/google.rpc.ErrorInfo";

/** Metadata of the ErrorInfo inside that trailer, such as `errorSource`; empty where there is none or it cannot be read. */
export function errorInfoOf(trailer: Uint8Array): Readonly<Record<string, string>> {
  try {
    const info = rpcStatusCodec.decode(trailer).details.find(({ typeUrl }) => typeUrl === errorInfoType);
    return info === undefined ? {} : errorInfoCodec.decode(info.value).metadata;
  } catch {
    // The call's own code and message are the error; this is only more about it.
    return {};
  }
}

/** The trailer's value for a failed call whose error carries metadata. */
export function detailsOf(error: {
  readonly code: number;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}): Uint8Array {
  const value = errorInfoCodec.encode({ reason: "PLUGIN_ERROR", domain: "plugin", metadata: error.metadata });
  return rpcStatusCodec.encode({ code: error.code, message: error.message, details: [{ typeUrl: errorInfoType, value }] });
}
