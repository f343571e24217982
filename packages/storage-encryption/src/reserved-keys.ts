/** What the store keeps for itself lies here, beside the objects of the API, and is no object. No group of the API has such a name. */
export const reservedPrefix = "/dataplane/";

/** A key for the keeper of `area`; `parts` may be any text. */
export const reservedKey = (area: string, ...parts: readonly string[]): string => [reservedPrefix + area, ...parts.map(encodeURIComponent)].join("/");

export const isReserved = (key: string): boolean => key.startsWith(reservedPrefix);
