// The forms of Kubernetes' names (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).

const namePart = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** `name` or `dns.prefix/name`; also the form of annotation keys and finalizers. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return namePart.test(key);
  return isDnsSubdomain(key.slice(0, slash)) && namePart.test(key.slice(slash + 1));
}

export const isLabelValue = (value: string): boolean => value === "" || namePart.test(value);

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** RFC 1123 label: at most 63 lower-case letters, digits and dashes. */
export const isDnsLabel = (text: string): boolean => dnsLabel.test(text);

/** RFC 1123 subdomain: labels joined by dots, at most 253 characters. */
export const isDnsSubdomain = (text: string): boolean => text.length <= 253 && hasSubdomainForm(text);

/** A subdomain but for its length. */
export const hasSubdomainForm = (text: string): boolean => text.split(".").every(isSubdomainPart);

// Kubernetes does not hold the parts of a subdomain to 63 characters.
const isSubdomainPart = (part: string): boolean => /^[a-z0-9][-a-z0-9]*$/.test(part) && !part.endsWith("-");
