/** A JSON value of a `json` field as it stands; what is not JSON becomes null, as in Go's SDK. */
export function rawJsonOrNull(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return "null";
  }
}
