import { X509Certificate } from "node:crypto";
import type { Cause } from "@dataplane/meta";
import type { HttpBackend } from "../dataplaneservice.js";
import type { OutboundRoute } from "../outbound/outbound.js";
import { parseOutboundUrl } from "../outbound/outbound-url.js";

/** Where the requests of a service go, and how it is verified. */
export interface BackendTarget {
  readonly base: URL;
  readonly route: OutboundRoute;
}

/** Throws OutboundUrlError. Whoever may write a DataPlaneService need not be one who may reach this server's own network. */
export function backendTarget({ baseURL, caBundle }: HttpBackend): BackendTarget {
  const tls = caBundle === undefined ? {} : { tls: { caCertificates: pemOf(caBundle) } };
  return { base: parseOutboundUrl(baseURL), route: { author: "software", ...tls } };
}

const pemOf = (caBundle: string): string => Buffer.from(caBundle, "base64").toString("latin1");

/** What is wrong with `spec.backend`, by field. */
export function backendCauses({ baseURL, caBundle }: HttpBackend): readonly Cause[] {
  return [...urlCauses(baseURL), ...(caBundle === undefined ? [] : bundleCauses(caBundle, baseURL))];
}

function urlCauses(baseURL: string): readonly Cause[] {
  const field = "spec.backend.baseURL";
  // The value is not repeated: a password may be what is wrong with it.
  const wrong = (why: string): readonly Cause[] => [{ reason: "FieldValueInvalid", message: `Invalid value: ${why}`, field }];
  if (baseURL === "") return [{ reason: "FieldValueRequired", message: "Required value", field }];
  if (!/^https?:\/\//i.test(baseURL)) return wrong("must begin with https:// or http://");
  try {
    const { search, hash } = parseOutboundUrl(baseURL);
    return search === "" && hash === "" ? [] : wrong("must have no query and no fragment");
  } catch (thrown) {
    return wrong(thrown instanceof Error ? thrown.message : "cannot be read");
  }
}

function bundleCauses(caBundle: string, baseURL: string): readonly Cause[] {
  const field = "spec.backend.caBundle";
  const wrong = (why: string): readonly Cause[] => [{ reason: "FieldValueInvalid", message: `Invalid value: ${why}`, field }];
  if (!/^https:/i.test(baseURL)) return wrong("means something for https only");
  const certificates = pemOf(caBundle).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return certificates.length > 0 && certificates.every(isCertificate) ? [] : wrong("must be certificates in PEM form, in base64");
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.byteLength > 0;
  } catch {
    return false;
  }
}
