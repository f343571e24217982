import { type Cause, invalid } from "@dataplane/meta";
import { plainText } from "../plain-text.js";
import { mediaTypeOf } from "../read-body.js";
import { invalidValue, notSupported, required, tooLong } from "../schema/field-errors.js";
import { flag } from "./query-flags.js";
import type { VerbCall } from "./verb-call.js";

/** Options of create, update and patch (https://kubernetes.io/docs/reference/using-api/api-concepts/). */
export interface WriteOptions {
  readonly dryRun: boolean;
  /** Who owns the fields that this write sets. */
  readonly fieldManager: string;
  readonly fieldValidation: "Strict" | "Warn" | "Ignore";
  readonly force: boolean;
}

export const applyType = "application/apply-patch+yaml";

/** Throws Invalid with all that is wrong, as kube-apiserver words it. */
export function writeOptions({ request, info }: VerbCall): WriteOptions {
  const { query, headers } = request;
  const manager = query.get("fieldManager") ?? "";
  const validation = query.get("fieldValidation") ?? "";
  const dryRun = query.getAll("dryRun");
  const causes = [
    ...(info.verb === "patch" ? patchCauses(mediaTypeOf(request) === applyType, manager, query) : []),
    ...managerCauses(manager),
    ...dryRunCauses(dryRun),
    ...(isValidation(validation) ? [] : [notSupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"])]),
  ];
  if (causes.length > 0) throw invalidOptions(optionsKinds.get(info.verb) ?? "CreateOptions", causes);
  return {
    dryRun: isDryRun(dryRun),
    fieldManager: managerOf(manager, headers["user-agent"]),
    fieldValidation: isValidation(validation) && validation !== "" ? validation : "Warn",
    force: flag(query, "force"),
  };
}

const optionsKinds: ReadonlyMap<string, string> = new Map([
  ["update", "UpdateOptions"],
  ["patch", "PatchOptions"],
]);

/** True for `All`; any other value is refused, so that no one deletes who meant not to. */
export function dryRunOf(values: readonly unknown[]): boolean {
  const causes = dryRunCauses(values);
  if (causes.length > 0) throw invalidOptions("DeleteOptions", causes);
  return isDryRun(values);
}

const invalidOptions = (kind: string, causes: readonly Cause[]): Error => invalid(kind, "meta.k8s.io", "", causes);

function patchCauses(isApply: boolean, manager: string, query: URLSearchParams): readonly Cause[] {
  if (isApply) return manager === "" ? [{ ...required("fieldManager"), message: "Required value: is required for apply patch" }] : [];
  if (!query.has("force")) return [];
  return [{ reason: "FieldValueForbidden", message: "Forbidden: may not be specified for non-apply patch", field: "force" }];
}

const managerLimitBytes = 128;

function managerCauses(manager: string): readonly Cause[] {
  const isLong = Buffer.byteLength(manager) > managerLimitBytes;
  const strange = /[\p{C}\p{Zl}\p{Zp}]/u.exec(manager);
  return [
    ...(isLong ? [tooLong("fieldManager", managerLimitBytes)] : []),
    ...(strange === null
      ? []
      : [invalidValue("fieldManager", manager, `invalid character ${codePointText(strange[0])} (at position ${strange.index})`)]),
  ];
}

/** `U+0007`, as Go prints a character that cannot be seen. */
const codePointText = (character: string): string => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

const asked = (values: readonly unknown[]): readonly string[] => values.map(plainText).filter((value) => value !== "");
const isDryRun = (values: readonly unknown[]): boolean => asked(values).length > 0;

function dryRunCauses(values: readonly unknown[]): readonly Cause[] {
  const given = asked(values);
  return given.every((value) => value === "All") ? [] : [notSupported("dryRun", given, ["All"])];
}

function managerOf(given: string, userAgent: unknown): string {
  if (given !== "") return given;
  const product = typeof userAgent === "string" ? (userAgent.split("/")[0] ?? "") : "";
  return product === "" ? "unknown" : product.slice(0, managerLimitBytes);
}

const isValidation = (text: string): text is WriteOptions["fieldValidation"] | "" =>
  text === "" || text === "Strict" || text === "Warn" || text === "Ignore";
