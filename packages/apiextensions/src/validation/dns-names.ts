const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const startsWithLetter = /^[a-z]/;

/** What is wrong with a DNS label that begins with a letter (RFC 1035), in Kubernetes' words. */
export function dns1035LabelProblems(value: string): readonly string[] {
  const problems = value.length > 63 ? ["must be no more than 63 characters"] : [];
  if (label.test(value) && startsWithLetter.test(value)) return problems;
  return [
    ...problems,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  ];
}

/** What is wrong with a DNS subdomain (RFC 1123), in Kubernetes' words. */
export function dns1123SubdomainProblems(value: string): readonly string[] {
  const problems = value.length > 253 ? ["must be no more than 253 characters"] : [];
  if (value.split(".").every((part) => label.test(part))) return problems;
  return [
    ...problems,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ];
}
