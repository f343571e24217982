import { isIPv4, isIPv6 } from "node:net";
import { parseNamedDuration } from "./cel/values/time.js";
import { isCreditCard, isIsbn10, isIsbn13 } from "./check-digits.js";

type IsOfFormat = (value: string) => boolean;

const matching =
  (expression: RegExp): IsOfFormat =>
  (value) =>
    expression.test(value);

const uuid = (version: string, variant: string): IsOfFormat =>
  // The parts are written here.
  // eslint-disable-next-line security/detect-non-literal-regexp
  matching(new RegExp(`^[\\da-f]{8}-?[\\da-f]{4}-?${version}[\\da-f]{3}-?${variant}[\\da-f]{3}-?[\\da-f]{12}$`, "i"));

const anyUuid = uuid("[\\da-f]", "[\\da-f]");

/** Formats that say something about text; int32, int64, double, password and unknown ones are for readers. Kubernetes passes over dashes in their names. */
const formats: ReadonlyMap<string, IsOfFormat> = new Map([
  ["datetime", isDateTime],
  ["date", isDate],
  ["duration", (value) => parseNamedDuration(value) !== undefined],
  ["uuid", anyUuid],
  ["uuid3", uuid("3", "[\\da-f]")],
  ["uuid4", uuid("4", "[89ab]")],
  ["uuid5", uuid("5", "[89ab]")],
  ["uri", isUri],
  ["email", isEmail],
  ["hostname", isHostname],
  ["ipv4", isIPv4],
  ["ipv6", isIPv6],
  ["cidr", isCidr],
  ["mac", isMac],
  ["byte", (value) => value.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(value)],
  ["bsonobjectid", matching(/^[\da-f]{24}$/i)],
  ["isbn", (value) => isIsbn10(value) || isIsbn13(value)],
  ["isbn10", isIsbn10],
  ["isbn13", isIsbn13],
  ["creditcard", isCreditCard],
  ["ssn", matching(/^\d{3}[- ]\d{2}[- ]\d{4}$/)],
  ["hexcolor", matching(/^#?(?:[\da-f]{3}|[\da-f]{6})$/i)],
  ["rgbcolor", isRgbColor],
  ["k8sshortname", (value) => value.length <= 63 && isDnsLabel(value)],
  ["k8slongname", (value) => value.length <= 253 && value.split(".").every(isDnsLabel)],
]);

const isDnsLabel = matching(/^[a-z\d](?:[-a-z\d]*[a-z\d])?$/);

function isDate(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const at = Date.parse(`${value}T00:00:00Z`);
  // Date.parse takes the 31st of each month.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}

/** RFC 3339; the zone is required. */
function isDateTime(value: string): boolean {
  const [date, time] = [value.slice(0, 10), value.slice(10).toUpperCase()];
  const clock = /^T\d\d:\d\d:\d\d/.test(time) ? time.slice(9).replace(/^\.\d{1,12}/, "") : "";
  return isDate(date) && /^(?:Z|[+-]\d\d:\d\d)$/.test(clock) && !Number.isNaN(Date.parse(`${date}${time}`));
}

/** An absolute URI, or an absolute path: what Go reads as the target of a request. */
function isUri(value: string): boolean {
  if (value.startsWith("/")) return URL.canParse(value, "http://localhost");
  return URL.canParse(value);
}

/** `name@host`, or `Name <name@host>`. */
function isEmail(value: string): boolean {
  const address = /^[^<>]*<([^<>]+)>$/.exec(value)?.[1] ?? value;
  const at = address.lastIndexOf("@");
  return at > 0 && /^[\w!#$%&'*+/=?^`{|}~.-]+$/.test(address.slice(0, at)) && /^[A-Za-z\d.-]+$/.test(address.slice(at + 1));
}

function isHostname(value: string): boolean {
  const labels = value.split(".");
  const last = labels.at(-1) ?? "";
  if (Buffer.byteLength(value) > 255 || (labels.length > 1 && !/^\p{L}{2,63}$/u.test(last))) return false;
  return labels.every((label) => /^[\p{S}\p{L}\d-]{1,63}$/u.test(label) && !label.startsWith("-") && !label.endsWith("-"));
}

function isCidr(value: string): boolean {
  const [, address = "", length = ""] = /^([^/]+)\/(\d{1,3})$/.exec(value) ?? [];
  return isIPv4(address) ? Number(length) <= 32 : isIPv6(address) && !address.includes("%") && Number(length) <= 128;
}

/** 6 or 8 bytes in pairs of digits, or 6 or 8 in fours; or 20 bytes, as InfiniBand has. */
function isMac(value: string): boolean {
  const separator = /[:.-]/.exec(value)?.[0] ?? "";
  const groups = separator === "" ? [] : value.split(separator);
  const width = separator === "." ? 4 : 2;
  const isLength = [6, 8, 20].includes((groups.length * width) / 2);
  return isLength && groups.every((group) => group.length === width && /^[\da-f]+$/i.test(group));
}

function isRgbColor(value: string): boolean {
  const parts = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(value)?.slice(1) ?? [];
  return parts.length === 3 && parts.every((part) => Number(part) <= 255 && String(Number(part)) === part);
}

/** Whether the text has the form; one that is not known here says nothing. */
export const matchesFormat = (format: string, value: string): boolean => formats.get(format.replaceAll("-", ""))?.(value) ?? true;
