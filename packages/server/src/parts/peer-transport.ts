import { readFileSync, statSync } from "node:fs";
import { type ClientTls, httpTransport, type Transport } from "@dataplane/client";
import { identityHeaders, type UserInfo } from "@dataplane/meta";
import type { Certificates } from "../tls/certificates.js";
import type { Peer } from "./part-of.js";

/** Calls to another server of ours. */
export interface PeerTransports {
  /** As whoever the headers of a call name: the front-proxy's certificate is shown. */
  readonly trusted: Transport;
  /** As that user. */
  as(user: UserInfo): Transport;
  /** With what credentials a call has, and none of ours. */
  readonly plain: Transport;
}

export function peerTransports(peer: Peer, { frontProxy }: Pick<Certificates, "frontProxy">): PeerTransports {
  const baseUrl = peer.url;
  const ca = fileText(peer.caFile);
  const mutual = (): ClientTls => ({ ca: ca(), cert: frontProxy.current.cert, key: frontProxy.current.key });
  const trusted = httpTransport({ baseUrl, tls: mutual });
  return {
    trusted,
    as: (user) => (request) => trusted({ ...request, headers: { ...request.headers, ...identityHeaders(user) } }),
    plain: httpTransport({ baseUrl, tls: () => ({ ca: ca() }) }),
  };
}

/** The file's text now; it is read again when it has changed. Throws when it is not there. */
function fileText(file: string): () => string {
  let known: { readonly changed: number; readonly text: string } | undefined;
  return () => {
    const changed = statSync(file).mtimeMs;
    if (known?.changed !== changed) known = { changed, text: readFileSync(file, "utf8") };
    return known.text;
  };
}
