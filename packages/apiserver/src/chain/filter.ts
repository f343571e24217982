import type { Handler, HttpRequest, HttpResponse } from "@dataplane/meta";

/** One concern of every request. Filters are listed in the order they run; each calls `next` or answers itself. */
export type Filter = (request: HttpRequest, next: Handler) => Promise<HttpResponse>;

/** The filters in reading order, then the server behind them. */
export const withFilters = (filters: readonly Filter[], handler: Handler): Handler =>
  filters.reduceRight<Handler>((next, filter) => (request) => filter(request, next), handler);
