import type { ApiObject, Cause, JsonObject } from "@dataplane/meta";
import { plainText } from "../plain-text.js";
import type { ResourceDefinition } from "../resource.js";
import { required } from "../schema/field-errors.js";
import { immutableCauses, keyCauses, sizeCauses } from "./config-data.js";
import { bytesLength } from "./config-maps.js";
import { kindSchema } from "./message-schema.js";

interface Secret extends ApiObject {
  readonly type?: string;
  readonly data?: JsonObject;
  readonly stringData?: JsonObject;
  readonly immutable?: boolean;
}

/** Keys that a Secret of a known type must have (https://kubernetes.io/docs/concepts/configuration/secret/#secret-types). */
const keysOfTypes: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

const serviceAccountAnnotation = "kubernetes.io/service-account.name";

/** Secret of core/v1: bytes by key. `stringData` is written only: it becomes part of `data`. */
export const secrets: ResourceDefinition<Secret> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  scope: "namespaced",
  description: "Small confidential data as keys and values.",
  strategicMerge: true,
  hasGeneration: false,
  schema: kindSchema("core.v1.Secret", {
    data: "Bytes by key, in base64. A key is letters, digits, '-', '_' and '.'.",
    stringData: "Texts by key, for writing only: they become part of data, over what is there under the same key.",
    type: "What the keys mean to those who read it; Opaque unless told. It cannot be changed.",
    immutable: "Once true, data cannot be changed, nor can this; the object can still be deleted.",
  }),
  selectableFields: ["type"],
  prepare: ({ object: { stringData, data, type, ...rest } }) => {
    const merged = stringData === undefined ? data : { ...data, ...encoded(stringData) };
    return { object: { ...rest, ...(merged === undefined ? {} : { data: merged }), type: type === undefined || type === "" ? "Opaque" : type } };
  },
  validate: (object, old) => [
    ...keyCauses("data", object.data),
    ...sizeCauses("data", bytesLength(object.data)),
    ...typeCauses(object),
    ...immutableCauses(object, old, ["data"]),
    ...(old === undefined || old.type === object.type
      ? []
      : [{ reason: "FieldValueInvalid" as const, field: "type", message: `Invalid value: ${JSON.stringify(object.type)}: field is immutable` }]),
  ],
  columns: [
    { name: "Type", description: "What the keys mean.", value: ({ type }) => type },
    { name: "Data", description: "How many keys it has.", value: ({ data }) => Object.keys(data ?? {}).length },
  ],
};

const encoded = (data: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(plainText(value)).toString("base64")]));

function typeCauses({ type = "", data = {}, metadata }: Secret): readonly Cause[] {
  if (type === "kubernetes.io/service-account-token") {
    const account = metadata.annotations?.[serviceAccountAnnotation] ?? "";
    return account === "" ? [required(`metadata.annotations[${serviceAccountAnnotation}]`)] : [];
  }
  if (type === "kubernetes.io/basic-auth") {
    const hasOne = Object.hasOwn(data, "username") || Object.hasOwn(data, "password");
    return hasOne ? [] : [required("data[username]"), required("data[password]")];
  }
  const needed = Object.hasOwn(keysOfTypes, type) ? (keysOfTypes[type] ?? []) : [];
  return needed.filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`));
}
