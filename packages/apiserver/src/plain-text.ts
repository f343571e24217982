/** A JSON value as text: a text as it is. Not by String(), which asks the value itself: one from a client may have a field called toString. */
export const plainText = (value: unknown): string => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));
