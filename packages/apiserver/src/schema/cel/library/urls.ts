import * as t from "../types/cel-type.js";
import { CelError, noSuchOverload } from "../values/cel-error.js";
import type { CelMap, CelValue, OpaqueValue } from "../values/cel-value.js";
import { EntryMap, listOf } from "../values/collections.js";
import { type FunctionTable, global, member, type Overload, text } from "./function-declaration.js";

const type = t.opaque("kubernetes.URL");

/** An absolute URI or an absolute path, in parts as they were written. */
class Url implements OpaqueValue {
  readonly opaqueType = "kubernetes.URL";
  readonly written: string;
  readonly parts: UrlParts;

  constructor(written: string, parts: UrlParts) {
    this.written = written;
    this.parts = parts;
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Url && other.written === this.written;
  }
}

interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

const schemeForm = /^([A-Za-z][A-Za-z\d+.-]*):/;

/** As Go's url.ParseRequestURI: undefined for relative paths and for what is no URI. */
function parse(written: string): Url | undefined {
  // Control characters, and escapes that are none.
  if (hasControl(written) || /%(?![\da-fA-F]{2})/.test(written.split("?", 1)[0] ?? "")) return undefined;
  const scheme = schemeForm.exec(written)?.[1];
  const rest = scheme === undefined ? written : written.slice(scheme.length + 1);
  const [beforeQuery = "", ...queries] = rest.split("?");
  const query = queries.join("?");
  const slash = beforeQuery.startsWith("//") ? beforeQuery.indexOf("/", 2) : 0;
  const pathAt = slash < 0 ? beforeQuery.length : slash;
  const authority = beforeQuery.startsWith("//") ? beforeQuery.slice(2, pathAt) : undefined;
  const path = beforeQuery.slice(pathAt);
  if (scheme === undefined && written !== "*" && !written.startsWith("/")) return undefined;
  const host = (authority ?? "").replace(/^[^@]*@/, "");
  if (!isHost(host)) return undefined;
  if (authority === undefined && !path.startsWith("/") && scheme !== undefined) return new Url(written, { scheme, host: "", path: "", query });
  return new Url(written, { scheme: (scheme ?? "").toLowerCase(), host, path, query });
}

const hasControl = (written: string): boolean => Array.from(written).some((character) => character < " " || character === "\u007f");

const isHost = (host: string): boolean => /^(?:\[[\da-fA-F:.%]+\]|[^\s<>"\\^`{|}[\]:]*)(?::\d*)?$/.test(host);

function url(value: CelValue | undefined): Url {
  if (value instanceof Url) return value;
  throw noSuchOverload();
}

function parsed(value: CelValue | undefined): Url {
  const written = text(value);
  const found = parse(written);
  if (found === undefined)
    throw new CelError(`URL parse error during conversion from string: parse ${JSON.stringify(written.slice(0, 256))}: invalid URI for request`);
  return found;
}

const hostname = (host: string): string =>
  (/^\[(.*)\](?::\d*)?$/.exec(host)?.[1] ?? host).replace(/:\d*$/, (port) => (host.startsWith("[") ? port : ""));
const port = (host: string): string => /:(\d*)$/.exec(host.replace(/^\[.*\]/, ""))?.[1] ?? "";

function queryOf(query: string): CelMap {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) values.set(name, [...(values.get(name) ?? []), value]);
  const map = new EntryMap();
  for (const [name, list] of values) map.insert(name, listOf(list));
  return map;
}

/** A "#" is no part of a path: it is taken for the fragment by those who read on. */
const escaped = (path: string): string =>
  (path.split("#", 1)[0] ?? "").replaceAll(/[^A-Za-z\d\-._~!$&'()*+,;=:@/%]/gu, (character) => encodeURIComponent(character));

const part = (read: (parts: UrlParts) => string): readonly Overload[] => [member([type], t.string, (value) => read(url(value).parts))];

/** Kubernetes' functions of URLs. */
export const urlFunctions: FunctionTable = {
  url: [global([t.string], type, parsed)],
  isURL: [global([t.string], t.bool, (value) => parse(text(value)) !== undefined)],
  getScheme: part(({ scheme }) => scheme),
  getHost: part(({ host }) => host),
  getHostname: part(({ host }) => hostname(host)),
  getPort: part(({ host }) => port(host)),
  getEscapedPath: part(({ path }) => escaped(path)),
  getQuery: [member([type], t.map(t.string, t.list(t.string)), (value) => queryOf(url(value).parts.query))],
};
