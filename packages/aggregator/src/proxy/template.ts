import { badRequest } from "@dataplane/meta";

/** What templates of plugin.json may name. */
export interface TemplateValues {
  readonly JsonData: Readonly<Record<string, unknown>>;
  readonly SecureJsonData: Readonly<Record<string, string>>;
  /** The data source's URL. */
  readonly URL: string;
}

/**
 * Fills `{{ .JsonData.a.b }}`, `{{ .SecureJsonData.x }}`, `{{ .URL }}`, `{{ index .JsonData "a-b" }}` and `{{ orEmpty .JsonData.x }}`:
 * what of Go's text/template plugins use there. What is not set is empty. Throws BadRequest for any other template, without its text:
 * it may stand beside a secret.
 */
export function fillTemplate(template: string, values: TemplateValues): string {
  return template
    .split("{{")
    .map((part, index) => {
      if (index === 0) return part;
      const end = part.indexOf("}}");
      if (end < 0) throw notUnderstood();
      return textOf(valueOf(part.slice(0, end), values)) + part.slice(end + 2);
    })
    .join("");
}

function valueOf(expression: string, values: TemplateValues): unknown {
  const words = expression
    .replace(/^-|-$/g, "")
    .trim()
    .replace(/^orEmpty\s/, "")
    .trim();
  const indexed = /^index\s+(\S+)\s+"([^"\\]*)"$/.exec(words);
  if (indexed !== null) return member(pathValue(indexed[1] ?? "", values), indexed[2] ?? "");
  return pathValue(words, values);
}

function pathValue(path: string, values: TemplateValues): unknown {
  if (!/^(?:\.\w+)+$/.test(path)) throw notUnderstood();
  const [root, ...rest] = path.slice(1).split(".");
  if (root !== "JsonData" && root !== "SecureJsonData" && root !== "URL") throw notUnderstood();
  return rest.reduce<unknown>(member, values[root]);
}

// What every object inherits is no setting.
const member = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

const notUnderstood = () => badRequest("the plugin's route has a template that is not understood: only JsonData, SecureJsonData and URL are known");
