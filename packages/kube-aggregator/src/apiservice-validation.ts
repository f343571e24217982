import { type ApiObject, type Cause, isJsonObject, type JsonObject, type JsonValue, subdomainProblems } from "@dataplane/meta";

/** What the schema of an APIService cannot say; the rules and their words are kube-aggregator's. */
export function apiServiceProblems(object: ApiObject): readonly Cause[] {
  const spec = objectOf(object["spec"]);
  return [
    ...identityProblems(object.metadata.name, spec),
    ...priorityProblems(spec),
    ...serverProblems(spec),
    ...conditionProblems(objectOf(object["status"])),
  ];
}

function identityProblems(name: string, spec: JsonObject): readonly Cause[] {
  const version = textOf(spec["version"]);
  const group = textOf(spec["group"]);
  const wanted = `${version}.${group}`;
  return [
    ...(name === wanted ? [] : [invalid("metadata.name", name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`)]),
    ...(group === "" && version !== "v1" ? [required("spec.group", "only v1 may have an empty group and it better be legacy kube")] : []),
    ...(group === "" ? [] : subdomainProblems(group).map((why) => invalid("spec.group", group, why))),
    ...versionProblems(version).map((why) => invalid("spec.version", version, why)),
  ];
}

const versionForm = "[a-z]([-a-z0-9]*[a-z0-9])?";
const versionRule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";

const versionProblems = (version: string): readonly string[] => [
  ...(version.length > 63 ? ["must be no more than 63 characters"] : []),
  ...(/^[a-z][-a-z0-9]*$/.test(version) && !version.endsWith("-")
    ? []
    : [`${versionRule} (e.g. 'my-name',  or 'abc-123', regex used for validation is '${versionForm}')`]),
];

function priorityProblems(spec: JsonObject): readonly Cause[] {
  return (
    [
      ["groupPriorityMinimum", 20_000],
      ["versionPriority", 1_000],
    ] as const
  ).flatMap(([key, most]) => {
    const priority = spec[key] ?? 0;
    const isFit = typeof priority === "number" && priority > 0 && priority <= most;
    return isFit ? [] : [invalid(`spec.${key}`, priority, `must be positive and less than ${most}`)];
  });
}

/** How a server's certificate is trusted means nothing where there is no server behind. */
function serverProblems({ service, caBundle, insecureSkipTLSVerify }: JsonObject): readonly Cause[] {
  const bundle = textOf(caBundle);
  const skips = insecureSkipTLSVerify === true;
  if (!isJsonObject(service)) {
    const size = `${Buffer.byteLength(bundle, "base64")} bytes`;
    return [
      ...(bundle === "" ? [] : [invalid("spec.caBundle", size, "local APIServices may not have a caBundle")]),
      ...(skips ? [invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify")] : []),
    ];
  }
  const port = service["port"] ?? 443;
  const isPort = typeof port === "number" && port >= 1 && port <= 65_535;
  return [
    ...["namespace", "name"].filter((key) => textOf(service[key]) === "").map((key) => required(`spec.service.${key}`)),
    ...(isPort ? [] : [invalid("spec.service.port", port, "port is not valid: must be between 1 and 65535, inclusive")]),
    ...(skips && bundle !== "" ? [invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present")] : []),
  ];
}

const statuses: readonly string[] = ["True", "False", "Unknown"];

function conditionProblems({ conditions }: JsonObject): readonly Cause[] {
  if (!Array.isArray(conditions)) return [];
  return conditions.flatMap((condition: JsonValue, index) => {
    const status = textOf(objectOf(condition)["status"]);
    if (statuses.includes(status)) return [];
    const supported = statuses.map((it) => JSON.stringify(it)).join(", ");
    const message = `Unsupported value: ${JSON.stringify(status)}: supported values: ${supported}`;
    return [{ reason: "FieldValueNotSupported", field: `status.conditions[${index}].status`, message }];
  });
}

const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

const required = (field: string, why = ""): Cause => ({
  reason: "FieldValueRequired",
  field,
  message: why === "" ? "Required value" : `Required value: ${why}`,
});

const invalid = (field: string, value: JsonValue, why: string): Cause => ({
  reason: "FieldValueInvalid",
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});
