import type { Filter } from "./filter.js";

const maxWarnings = 50;

/** Sends the texts that handlers left in the context as `Warning: 299` headers (RFC 7234, 5.5). */
export const sendWarnings: Filter = (request, next) =>
  next(request).then((response) => {
    const { warnings } = request.context;
    if (warnings === undefined || warnings.length === 0) return response;
    return { ...response, headers: { ...response.headers, warning: warnings.slice(0, maxWarnings).map(warningHeader) } };
  });

/** A quoted string without what a header cannot carry. */
const warningHeader = (text: string): string => `299 - "${text.replaceAll(/[^\u0020-\u007e]/g, "?").replaceAll(/["\\]/g, String.raw`\$&`)}"`;
