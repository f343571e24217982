import type { ApiObject, Cause } from "@dataplane/meta";

export const uidRule = "a uid has 1 to 253 letters, digits, '.', '_' and '-'";

/** Whether a text can name a data source: it stands in paths, in headers to the plugin and in channel names. */
export const isUid = (text: string): boolean => /^[\w.-]{1,253}$/.test(text) && text !== "." && text !== "..";

/** For objects that the name rule "pathSegment" also looks at: only what that one lets through. */
export function uidProblems({ metadata: { name } }: ApiObject): readonly Cause[] {
  if (/^[\w.\-/%]*$/.test(name)) return [];
  return [{ reason: "FieldValueInvalid", field: "metadata.name", message: `Invalid value: ${JSON.stringify(name)}: ${uidRule}` }];
}
