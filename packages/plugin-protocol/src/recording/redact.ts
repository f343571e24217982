import { Secrets } from "./secrets.js";

/** What stands in place of a value that is not written down. */
const redacted = "[redacted]";

/** Parts of messages whose values are secret by their place. */
const secureMaps: ReadonlySet<string> = new Set(["decryptedSecureJsonData"]);
const headerMaps: ReadonlySet<string> = new Set(["headers", "grafanaConfig"]);

/**
 * Names of headers and configuration that carry what identifies somebody. Hosts write forwarded ones as `http_<Name>`; a name too many is no
 * harm.
 */
const secretName = /authorization|cookie|token|secret|password|api-?key|client_?key|x-grafana-id|jwt|credential/i;

/** A request without its secrets, and what they are. */
export function redact(message: object): { readonly message: unknown; readonly secrets: Secrets } {
  const secrets = new Secrets();
  const withoutThem = redactMembers(message, secrets);
  return { message: secrets.mask(withoutThem), secrets };
}

/** A response without what authenticates: `Set-Cookie` of a resource, and every secret of its request. */
export function redactResponse(message: object, secrets: Secrets): unknown {
  return secrets.mask(redactMembers(message, secrets));
}

function redactMembers(message: object, secrets: Secrets): object {
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [key, redactMember(key, value, secrets)]));
}

function redactMember(key: string, value: unknown, secrets: Secrets): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => (isMessage(item) ? redactMembers(item, secrets) : item));
  if (secureMaps.has(key)) return redactMap(value, () => true, secrets);
  if (headerMaps.has(key)) return redactMap(value, (name) => secretName.test(name), secrets);
  return redactMembers(value, secrets);
}

const isMessage = (value: unknown): value is object => typeof value === "object" && value !== null && !(value instanceof Uint8Array);

function redactMap(map: object, isSecret: (name: string) => boolean, secrets: Secrets): object {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, isSecret(name) ? redactValue(value, secrets) : value]));
}

/** A text, or a list of texts as resources' headers are. */
function redactValue(value: unknown, secrets: Secrets): unknown {
  if (typeof value === "string") {
    secrets.add(value);
    return redacted;
  }
  if (typeof value === "object" && value !== null && "values" in value && Array.isArray(value.values)) {
    for (const item of value.values) if (typeof item === "string") secrets.add(item);
    return { values: [redacted] };
  }
  return redacted;
}
