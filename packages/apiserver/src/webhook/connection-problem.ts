/** Why there was no connection, in the words of Go's network library: users of Kubernetes know those. */
export function connectionProblem(error: unknown): string {
  if (!(error instanceof Error)) return "the connection failed";
  if (error.name === "AbortError") return "context canceled";
  const detail = (key: string): string => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const code = detail("code");
  const address = `${detail("address")}:${detail("port")}`;
  const words = texts.get(code);
  if (words !== undefined) return words.replace("{address}", address).replace("{host}", detail("hostname") || detail("host"));
  // Messages of certificates and of TLS name hosts at most.
  return code === "" ? error.message : `${error.message.slice(0, 200)} (${code})`;
}

const texts: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "dial tcp {address}: connect: connection refused"],
  ["ENETUNREACH", "dial tcp {address}: connect: network is unreachable"],
  ["EHOSTUNREACH", "dial tcp {address}: connect: no route to host"],
  ["ETIMEDOUT", "dial tcp {address}: i/o timeout"],
  ["ENOTFOUND", "dial tcp: lookup {host}: no such host"],
  ["EAI_AGAIN", "dial tcp: lookup {host}: server misbehaving"],
  ["ECONNRESET", "EOF"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls: failed to verify certificate: x509: certificate signed by unknown authority"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "tls: failed to verify certificate: x509: certificate signed by unknown authority"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls: failed to verify certificate: x509: certificate signed by unknown authority"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "tls: failed to verify certificate: x509: certificate signed by unknown authority"],
  ["CERT_HAS_EXPIRED", "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"],
  ["CERT_NOT_YET_VALID", "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls: failed to verify certificate: x509: certificate is not valid for {host}"],
]);
