import { type ApiObject, type Cause, isDnsLabel, isDnsSubdomain, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

/** What the schema of an APIService cannot say; the rules are kube-aggregator's. */
export function apiServiceProblems(object: ApiObject): readonly Cause[] {
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  return [...identityProblems(object.metadata.name, spec), ...serviceProblems(spec), ...trustProblems(spec)];
}

function identityProblems(name: string, spec: JsonObject): readonly Cause[] {
  const version = textOf(spec["version"]);
  const group = textOf(spec["group"]);
  if (version === "") return [required("spec.version")];
  if (group === "" && version !== "v1") return [required("spec.group")];
  const wanted = `${version}.${group}`;
  return [
    ...(isDnsLabel(version) ? [] : [invalid("spec.version", version, "must be a DNS label")]),
    ...(group === "" || isDnsSubdomain(group) ? [] : [invalid("spec.group", group, "must be a DNS subdomain")]),
    ...(name === wanted ? [] : [invalid("metadata.name", name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`)]),
  ];
}

function serviceProblems({ service }: JsonObject): readonly Cause[] {
  if (!isJsonObject(service)) return [];
  return ["namespace", "name"].filter((key) => (service[key] ?? "") === "").map((key) => required(`spec.service.${key}`));
}

/** How a server's certificate is trusted means nothing where there is no server behind. */
function trustProblems({ service, caBundle = "", insecureSkipTLSVerify }: JsonObject): readonly Cause[] {
  const isLocal = !isJsonObject(service);
  const hasBundle = caBundle !== "";
  const skips = insecureSkipTLSVerify === true;
  return [
    ...(isLocal && hasBundle ? [invalid("spec.caBundle", "...", "local APIServices may not have a caBundle")] : []),
    ...(isLocal && skips ? [invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify")] : []),
    ...(!isLocal && hasBundle && skips ? [invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present")] : []),
  ];
}

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

const required = (field: string): Cause => ({ reason: "FieldValueRequired", field, message: "Required value" });

const invalid = (field: string, value: JsonValue, why: string): Cause => ({
  reason: "FieldValueInvalid",
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});
