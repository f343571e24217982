import { type Cause, isDnsSubdomain, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { invalidValue, required } from "../../schema/field-errors.js";

const form = "; desired format: https://host[/path]";

/** What is wrong with a `clientConfig` (k8s.io/apiserver/pkg/util/webhook has the words). */
export function clientConfigCauses(config: JsonValue | undefined, at: string): readonly Cause[] {
  const { url, service }: JsonObject = isJsonObject(config) ? config : {};
  if ((url === undefined) === (service === undefined)) {
    return [{ ...required(at), message: "Required value: exactly one of url or service is required" }];
  }
  return typeof url === "string" ? urlCauses(url, `${at}.url`) : serviceCauses(service, `${at}.service`);
}

function urlCauses(text: string, field: string): readonly Cause[] {
  if (!URL.canParse(text))
    return [{ ...required(field), message: `Required value: url must be a valid URL: ${JSON.stringify(text.slice(0, 200))}${form}` }];
  const { protocol, host, username, password, hash, search } = new URL(text);
  return [
    ...(protocol === "https:" ? [] : [invalidValue(field, protocol.replace(/:$/, ""), `'https' is the only allowed URL scheme${form}`)]),
    ...(host === "" ? [invalidValue(field, "", `host must be specified${form}`)] : []),
    ...(username === "" && password === "" ? [] : [invalidValue(field, username, "user information is not permitted in the URL")]),
    ...(hash === "" ? [] : [invalidValue(field, hash.slice(1), "fragments are not permitted in the URL")]),
    ...(search === "" ? [] : [invalidValue(field, search.slice(1), "query parameters are not permitted in the URL")]),
  ];
}

function serviceCauses(service: JsonValue | undefined, at: string): readonly Cause[] {
  const { name, namespace, path, port = 443 }: JsonObject = isJsonObject(service) ? service : {};
  const isPort = typeof port === "number" && port >= 1 && port <= 65_535;
  return [
    ...(typeof name === "string" && name !== "" ? [] : [required(`${at}.name`)]),
    ...(typeof namespace === "string" && namespace !== "" ? [] : [required(`${at}.namespace`)]),
    ...(isPort ? [] : [invalidValue(`${at}.port`, port, "port is not valid: must be between 1 and 65535, inclusive")]),
    ...(typeof path === "string" ? pathCauses(path, `${at}.path`) : []),
  ];
}

function pathCauses(path: string, field: string): readonly Cause[] {
  if (path === "" || path === "/") return [];
  if (!path.startsWith("/")) return [invalidValue(field, path, "must start with a '/'")];
  const steps = path.slice(1).replace(/\/$/, "").split("/");
  return steps.flatMap((step, index) => {
    if (step === "") return [invalidValue(field, path, `segment[${index}] may not be empty`)];
    if (isDnsSubdomain(step)) return [];
    const rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'";
    return [invalidValue(field, path, `segment[${index}]: ${rule}, and must start and end with an alphanumeric character`)];
  });
}
