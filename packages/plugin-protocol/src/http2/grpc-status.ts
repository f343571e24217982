import { detailsTrailer, errorInfoOf } from "../error-details.js";
import { GrpcCode, GrpcError } from "../grpc-link.js";
import { ErrorCode } from "./frame.js";
import type { HeaderMap } from "./hpack-decoder.js";

const codes: ReadonlyMap<string, GrpcCode> = new Map(Object.values(GrpcCode).map((code) => [String(code), code]));

/** How a call ended, by its trailers; undefined: well. */
export function errorOfTrailers(trailers: HeaderMap): GrpcError | undefined {
  const status = trailers.get("grpc-status");
  if (status === undefined) return errorOfResponse(trailers) ?? new GrpcError(GrpcCode.Internal, "the plugin ended the call without a status");
  const code = codes.get(status) ?? GrpcCode.Unknown;
  if (code === GrpcCode.OK) return undefined;
  const message = percentDecoded(trailers.get("grpc-message") ?? "");
  const details = trailers.get(detailsTrailer);
  const metadata = details === undefined ? {} : errorInfoOf(Buffer.from(details, "base64"));
  // Nobody here cancelled, or the call would be over: a handler that panics ends so.
  if (code === GrpcCode.Canceled) return new GrpcError(GrpcCode.Unknown, `the plugin broke off the call: ${message}`, { metadata });
  return new GrpcError(code, message, { metadata });
}

const codesOfHttp: ReadonlyMap<string, GrpcCode> = new Map<string, GrpcCode>([
  ["400", GrpcCode.Internal],
  ["401", GrpcCode.Unauthenticated],
  ["403", GrpcCode.PermissionDenied],
  ["404", GrpcCode.Unimplemented],
  ["429", GrpcCode.Unavailable],
  ["502", GrpcCode.Unavailable],
  ["503", GrpcCode.Unavailable],
  ["504", GrpcCode.Unavailable],
]);

/** What is wrong with the first headers: https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
export function errorOfResponse(headers: HeaderMap): GrpcError | undefined {
  const status = headers.get(":status");
  const type = headers.get("content-type") ?? "";
  if (status === "200" && type.startsWith("application/grpc")) return undefined;
  if (status === undefined || status === "200") return new GrpcError(GrpcCode.Unknown, "the plugin's answer is not gRPC");
  return new GrpcError(codesOfHttp.get(status) ?? GrpcCode.Unknown, `the plugin answered with HTTP status ${status}`);
}

const codesOfReset: ReadonlyMap<number, GrpcCode> = new Map<number, GrpcCode>([
  [ErrorCode.REFUSED_STREAM, GrpcCode.Unavailable],
  [ErrorCode.CANCEL, GrpcCode.Unknown],
  [ErrorCode.ENHANCE_YOUR_CALM, GrpcCode.ResourceExhausted],
  [ErrorCode.INADEQUATE_SECURITY, GrpcCode.PermissionDenied],
]);

export function errorOfReset(code: number): GrpcError {
  return new GrpcError(codesOfReset.get(code) ?? GrpcCode.Internal, `the plugin broke off the call: RST_STREAM with code ${code}`);
}

function percentDecoded(text: string): string {
  const bytes = Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    "latin1",
  );
  return bytes.toString("utf8");
}
