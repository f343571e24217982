import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { expandVariables } from "./expand-variables.js";
import { ProvisioningError } from "./provisioning-error.js";

export interface FileEntryOptions {
  readonly value: JsonValue;
  readonly env: NodeJS.ProcessEnv;
  /** A key in the file's own version. */
  readonly keyOf: (name: string) => string;
  /** Where it stands in the file, for messages. */
  readonly where: string;
}

/** One item of a list in the file. Its readers throw ProvisioningError, which names the key and never the value. */
export class FileEntry {
  readonly #fields: JsonObject;
  readonly #keyOf: (name: string) => string;
  readonly #where: string;

  constructor({ value, env, keyOf, where }: FileEntryOptions) {
    const fields = expandVariables(value, env);
    if (!isJsonObject(fields)) throw new ProvisioningError(`${where}: expected a mapping`);
    this.#fields = fields;
    this.#keyOf = keyOf;
    this.#where = where;
  }

  wrong(name: string, why: string): ProvisioningError {
    return new ProvisioningError(`${this.#where}.${this.#keyOf(name)}: ${why}`);
  }

  /** Undefined when absent or empty. YAML reads a bare `123` as a number: it is a text here. */
  text(name: string): string | undefined {
    const value = this.#fields[this.#keyOf(name)];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    throw this.wrong(name, "expected a text");
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw this.wrong(name, "expected a text");
    return value;
  }

  /** A variable can only give a text: `true` and `false` may be written so. */
  flag(name: string): boolean | undefined {
    const value = this.#fields[this.#keyOf(name)];
    if (value === undefined || value === null || value === "") return undefined;
    if (value === true || value === "true") return true;
    if (value === false || value === "false") return false;
    throw this.wrong(name, "expected true or false");
  }

  mapping(name: string): JsonObject | undefined {
    const value = this.#fields[this.#keyOf(name)];
    if (value === undefined || value === null) return undefined;
    if (!isJsonObject(value)) throw this.wrong(name, "expected a mapping");
    return value;
  }

  /** `secureJsonData`: what is no text is one in JSON. */
  secrets(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.mapping("secureJsonData") ?? {}).flatMap(([key, value]): [string, string][] =>
        value === null ? [] : [[key, typeof value === "string" ? value : JSON.stringify(value)]],
      ),
    );
  }

  /** The namespace of the organisation whose number is under `name`. */
  namespace(name: string): string {
    const orgId = Number(this.text(name) ?? "1");
    if (!Number.isSafeInteger(orgId) || orgId < 0) throw this.wrong(name, "expected a whole number");
    // As in Grafana, 0 is none, and none is the first.
    return orgId <= 1 ? "default" : `org-${orgId}`;
  }
}
