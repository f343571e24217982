import * as t from "./cel-type.js";

/** Names of types that an expression may say, as in `type(self.x) == string`. */
export const typeIdentifiers: ReadonlyMap<string, t.CelType> = new Map<string, t.CelType>([
  ["bool", t.bool],
  ["bytes", t.bytes],
  ["double", t.double],
  ["dyn", t.dyn],
  ["int", t.int],
  ["list", t.list(t.dyn)],
  ["map", t.map(t.dyn, t.dyn)],
  ["null_type", t.nullType],
  ["string", t.string],
  ["type", t.typeOf(t.dyn)],
  ["uint", t.uint],
  ["optional_type", t.optional(t.dyn)],
  ["google.protobuf.Timestamp", t.timestamp],
  ["google.protobuf.Duration", t.duration],
  ["kubernetes.URL", t.opaque("kubernetes.URL")],
  ["kubernetes.Quantity", t.opaque("kubernetes.Quantity")],
  ["kubernetes.NamedFormat", t.opaque("kubernetes.NamedFormat")],
  ["kubernetes.Semver", t.opaque("kubernetes.Semver")],
  ["net.IP", t.opaque("net.IP")],
  ["net.CIDR", t.opaque("net.CIDR")],
]);
