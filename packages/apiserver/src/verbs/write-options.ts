import { ApiError, badRequest } from "@dataplane/meta";
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

export function writeOptions({ request: { query, headers } }: VerbCall): WriteOptions {
  return {
    dryRun: dryRunOf(query.getAll("dryRun")),
    fieldManager: fieldManagerOf(query.get("fieldManager") ?? "", headers["user-agent"]),
    fieldValidation: fieldValidationOf(query.get("fieldValidation") ?? ""),
    force: flag(query, "force"),
  };
}

/** True for `All`; any other value is refused, so that no one writes who meant not to. */
export function dryRunOf(values: readonly unknown[]): boolean {
  const asked = values.filter((value) => value !== "");
  if (asked.length === 0) return false;
  if (asked.every((value) => value === "All")) return true;
  throw unsupported("dryRun", asked.map(String).join(","), ["All"]);
}

function fieldManagerOf(given: string, userAgent: unknown): string {
  if (given.length > 128) throw badRequest("fieldManager: may not be longer than 128");
  if (given !== "") return given;
  const product = typeof userAgent === "string" ? (userAgent.split("/")[0] ?? "") : "";
  return product === "" ? "unknown" : product.slice(0, 128);
}

function fieldValidationOf(given: string): WriteOptions["fieldValidation"] {
  if (given === "") return "Warn";
  if (given === "Strict" || given === "Warn" || given === "Ignore") return given;
  throw unsupported("fieldValidation", given, ["Ignore", "Warn", "Strict"]);
}

function unsupported(field: string, value: string, supported: readonly string[]): ApiError {
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((it) => JSON.stringify(it)).join(", ")}`;
  return new ApiError("Invalid", `${field}: ${message}`, { details: { causes: [{ reason: "FieldValueNotSupported", message, field }] } });
}
