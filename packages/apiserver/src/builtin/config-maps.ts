import { type ApiObject, isJsonObject, type JsonObject } from "@dataplane/meta";
import { plainText } from "../plain-text.js";
import type { ResourceDefinition } from "../resource.js";
import { immutableCauses, keyCauses, sizeCauses } from "./config-data.js";
import { kindSchema } from "./message-schema.js";

interface ConfigMap extends ApiObject {
  readonly data?: JsonObject;
  readonly binaryData?: JsonObject;
  readonly immutable?: boolean;
}

/** ConfigMap of core/v1: texts and bytes by key. */
export const configMaps: ResourceDefinition<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  scope: "namespaced",
  description: "Configuration as keys and values.",
  strategicMerge: true,
  hasGeneration: false,
  schema: kindSchema("core.v1.ConfigMap", {
    data: "Texts by key. A key is letters, digits, '-', '_' and '.', and stands in one of data and binaryData.",
    binaryData: "Bytes by key, in base64. Keys are as those of data.",
    immutable: "Once true, data and binaryData cannot be changed, nor can this; the object can still be deleted.",
  }),
  validate: (object, old) => [
    ...keyCauses("data", object.data),
    ...keyCauses("binaryData", object.binaryData),
    ...twiceCauses(object),
    ...sizeCauses("", textLength(object.data) + bytesLength(object.binaryData)),
    ...immutableCauses(object, old, ["data", "binaryData"]),
  ],
  columns: [
    {
      name: "Data",
      description: "How many keys it has.",
      value: ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    },
  ],
};

const twiceCauses = ({ data = {}, binaryData = {} }: ConfigMap): ReturnType<NonNullable<ResourceDefinition["validate"]>> =>
  Object.keys(data)
    .filter((key) => isJsonObject(binaryData) && Object.hasOwn(binaryData, key))
    .map((key) => ({
      reason: "FieldValueInvalid",
      field: `data[${key}]`,
      message: `Invalid value: ${JSON.stringify(key)}: duplicate of key present in binaryData`,
    }));

const textLength = (data: JsonObject = {}): number =>
  Object.values(data).reduce<number>((sum, value) => sum + Buffer.byteLength(plainText(value)), 0);

/** Of base64. */
export const bytesLength = (data: JsonObject = {}): number =>
  Object.values(data).reduce<number>((sum, value) => sum + Buffer.byteLength(plainText(value), "base64"), 0);
