import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import protobuf from "protobufjs";
import type { ApiField, ApiMessage } from "../../packages/apiserver/src/protobuf/api-message.js";

/** Reads all messages of a folder of Kubernetes' Go API: `generated.proto` for the wire, the tags of the Go types for JSON. */
export function readGoApi(folder: string, shortPackage: (name: string) => string): ReadonlyMap<string, ApiMessage> {
  const proto = readFileSync(path.join(folder, "generated.proto"), "utf8");
  const { package: packageName = "", root } = protobuf.parse(proto, { keepCase: true, alternateCommentMode: true });
  const namespace = root.lookup(packageName);
  if (!(namespace instanceof protobuf.Namespace)) throw new Error(`${folder} declares no package`);
  const tags = goTags(folder);
  const messages = new Map<string, ApiMessage>();
  for (const type of namespace.nestedArray) {
    if (!(type instanceof protobuf.Type)) continue;
    const fields = type.fieldsArray.map((field) => apiField(field, tags.get(type.name)?.get(field.id), packageName, shortPackage));
    messages.set(`${shortPackage(packageName)}.${type.name}`, Object.fromEntries(fields));
  }
  return messages;
}

function apiField(
  field: protobuf.Field,
  tag: GoTag | undefined,
  packageName: string,
  shortPackage: (name: string) => string,
): readonly [string, ApiField] {
  const markers = new Map<string, string[]>();
  for (const [, name = "", value = ""] of (field.comment ?? "").matchAll(/^\+([A-Za-z]+)=(.*)$/gm)) {
    markers.set(name, [...(markers.get(name) ?? []), value]);
  }
  const marker = (name: string): string | undefined => markers.get(name)?.[0];
  const keys = markers.get("listMapKey");
  const initial = marker("default");
  return [
    tag?.name ?? field.name,
    {
      number: field.id,
      type: shortType(field.type, packageName, shortPackage),
      ...(field.repeated ? { repeated: true } : {}),
      ...(field instanceof protobuf.MapField ? { map: true } : {}),
      ...(tag?.inline === true ? { inline: true } : {}),
      ...(tag?.keepsZero === true && !field.repeated && !(field instanceof protobuf.MapField) ? { zero: true } : {}),
      ...optional("listType", marker("listType")),
      ...optional("listMapKeys", keys),
      ...optional("mapType", marker("mapType") ?? marker("structType")),
      ...optional("patchStrategy", tag?.patchStrategy),
      ...optional("patchMergeKey", tag?.patchMergeKey),
      ...optional("default", initial === undefined || !initial.startsWith('"') ? undefined : (JSON.parse(initial) as unknown)),
    },
  ];
}

const optional = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value });

const scalars = new Map([
  ["string", "string"],
  ["bytes", "bytes"],
  ["bool", "bool"],
  ["double", "double"],
  ["float", "double"],
  ["int32", "int"],
  ["int64", "int"],
  ["uint32", "int"],
  ["uint64", "int"],
]);

function shortType(type: string, packageName: string, shortPackage: (name: string) => string): string {
  const scalar = scalars.get(type);
  if (scalar !== undefined) return scalar;
  if (!type.includes(".")) return `${shortPackage(packageName)}.${type}`;
  const end = type.lastIndexOf(".");
  return `${shortPackage(type.slice(0, end).replace(/^\./, ""))}${type.slice(end)}`;
}

interface GoTag {
  readonly name: string;
  readonly inline: boolean;
  readonly keepsZero: boolean;
  readonly patchStrategy: string | undefined;
  readonly patchMergeKey: string | undefined;
}

/** By struct, then by number of the field. */
function goTags(folder: string): ReadonlyMap<string, ReadonlyMap<number, GoTag>> {
  const structs = new Map<string, Map<number, GoTag>>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".go") && !name.endsWith("_test.go") && !name.startsWith("zz_"))) {
    let struct = new Map<number, GoTag>();
    for (const line of readFileSync(path.join(folder, file), "utf8").split("\n")) {
      const begin = /^type (\w+) struct \{/.exec(line)?.[1] ?? /^\t(\w+) struct \{/.exec(line)?.[1];
      if (begin !== undefined) {
        struct = new Map<number, GoTag>();
        structs.set(begin, struct);
      }
      const number = /protobuf:"[a-z0-9]+,(\d+),/.exec(line)?.[1];
      const json = /json:"([^"]*)"/.exec(line)?.[1];
      if (number === undefined || json === undefined) continue;
      const [name = "", ...flags] = json.split(",");
      struct.set(Number(number), {
        name: name === "" ? `inline${number}` : name,
        inline: name === "",
        keepsZero: /^\t+\w+ +\*/.test(line) || !(flags.includes("omitempty") || flags.includes("omitzero")),
        patchStrategy: /patchStrategy:"([^"]*)"/.exec(line)?.[1],
        patchMergeKey: /patchMergeKey:"([^"]*)"/.exec(line)?.[1],
      });
    }
  }
  return structs;
}
