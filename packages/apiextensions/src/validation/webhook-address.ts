import { X509Certificate } from "node:crypto";
import type { Cause } from "@dataplane/meta";
import { invalid, required } from "./causes.js";
import { dns1123SubdomainProblems } from "./dns-names.js";

const form = "; desired format: https://host[/path]";

export function validateWebhookUrl(value: string, path: string): readonly Cause[] {
  if (!URL.canParse(value)) {
    // A path alone is a URL to Kubernetes, only one of the wrong scheme.
    if (/^[a-z][a-z0-9+.-]*:/i.test(value)) return [required(path, `url must be a valid URL: parse ${JSON.stringify(value)}: invalid URL${form}`)];
    return [invalid(path, "", `'https' is the only allowed URL scheme${form}`), invalid(path, "", `host must be specified${form}`)];
  }
  const { protocol, host, username, password, hash, search } = new URL(value);
  const scheme = protocol.slice(0, -1);
  const user = [username, password].filter((part) => part !== "").join(":");
  return [
    ...(scheme === "https" ? [] : [invalid(path, scheme, `'https' is the only allowed URL scheme${form}`)]),
    ...(host === "" ? [invalid(path, "", `host must be specified${form}`)] : []),
    // Not shown: it may be a password.
    ...(user === "" ? [] : [invalid(path, "[redacted]", "user information is not permitted in the URL")]),
    ...(hash === "" ? [] : [invalid(path, hash.slice(1), "fragments are not permitted in the URL")]),
    ...(search === "" ? [] : [invalid(path, search.slice(1), "query parameters are not permitted in the URL")]),
  ];
}

interface ServiceAddress {
  readonly namespace?: string;
  readonly name?: string;
  readonly path?: string;
  readonly port?: number;
}

export function validateWebhookService(service: ServiceAddress = {}, path: string): readonly Cause[] {
  const { name = "", namespace = "", port = 443, path: urlPath = "" } = service;
  return [
    ...(name === "" ? [required(`${path}.name`)] : []),
    ...(namespace === "" ? [required(`${path}.namespace`)] : []),
    ...(port >= 1 && port <= 65_535 ? [] : [invalid(`${path}.port`, port, "port is not valid: must be between 1 and 65535, inclusive")]),
    ...urlPathCauses(urlPath, `${path}.path`),
  ];
}

function urlPathCauses(value: string, field: string): readonly Cause[] {
  if (value === "" || value === "/") return [];
  if (value === "//") return [invalid(field, value, "segment[0] may not be empty")];
  const start = value.startsWith("/") ? [] : [invalid(field, value, "must start with a '/'")];
  const segments = value.slice(1, value.length - (value.endsWith("/") ? 1 : 0)).split("/");
  return [
    ...start,
    ...segments.flatMap((segment, index) => {
      if (segment === "") return [invalid(field, value, `segment[${index}] may not be empty`)];
      return dns1123SubdomainProblems(segment).map((problem) => invalid(field, value, `segment[${index}]: ${problem}`));
    }),
  ];
}

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Why `caBundle` (base64 of PEM) holds no certificate that can be trusted; undefined when it does. */
export function caBundleProblem(caBundle: string): string | undefined {
  const blocks = Buffer.from(caBundle, "base64").toString("latin1").match(certificate) ?? [];
  if (blocks.length === 0) return "unable to load root certificates: unable to parse bytes as PEM block";
  try {
    for (const block of blocks) new X509Certificate(block);
    return undefined;
  } catch {
    return "unable to load root certificates: failed to parse certificate";
  }
}
