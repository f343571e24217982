import type { Estimate } from "./estimate.js";
import { type Shape, scalar, unknown } from "./shape.js";

type CallEstimate = (shapes: readonly Shape[]) => Estimate;

const perByte = 0.1;
const perPatternByte = 0.25;

const sizeAt = (shapes: readonly Shape[], index: number): number => shapes[index]?.size ?? unknown.size;
const text = (size: number): Shape => ({ size });

/** A walk over the first argument, whose size the result has, times something. */
const alike =
  (factor: number): CallEstimate =>
  (shapes) => ({ cost: Math.ceil(sizeAt(shapes, 0) * factor), shape: shapes[0] ?? unknown });

const walk =
  (index: number, factor: number): CallEstimate =>
  (shapes) => ({ cost: Math.max(1, Math.ceil(sizeAt(shapes, index) * factor)), shape: scalar });

/** By the outermost sizes, as the real estimate has it, though lists and maps are compared to their depths: rules such as `self == oldSelf` are everywhere. */
const comparison: CallEstimate = (shapes) => ({
  cost: Math.max(1, Math.ceil(Math.min(sizeAt(shapes, 0), sizeAt(shapes, 1)) * perByte)),
  shape: scalar,
});

const pattern: CallEstimate = (shapes) => ({
  cost: Math.ceil((sizeAt(shapes, 0) + 1) * perByte) * Math.ceil(sizeAt(shapes, 1) * perPatternByte),
  shape: scalar,
});

const added: CallEstimate = (shapes) => {
  const [a = unknown, b = unknown] = shapes;
  const size = a.size + b.size;
  const element = a.element ?? b.element;
  const isList = element !== undefined;
  return { cost: isList ? 1 : Math.max(1, Math.ceil(size * perByte)), shape: isList ? { size, element } : size <= 2 ? scalar : text(size) };
};

const item: CallEstimate = ([container = unknown]) => ({ cost: 1, shape: container.element?.() ?? unknown });

const names = (list: string, estimate: CallEstimate): readonly (readonly [string, CallEstimate])[] => list.split(" ").map((name) => [name, estimate]);

const estimates: ReadonlyMap<string, CallEstimate> = new Map([
  ...names("_==_ _!=_ _<_ _<=_ _>_ _>=_", comparison),
  ...names("matches", pattern),
  ...names("find", (shapes) => ({ cost: pattern(shapes).cost, shape: text(sizeAt(shapes, 0)) })),
  ...names("findAll", (shapes) => ({
    cost: pattern(shapes).cost,
    shape: { size: sizeAt(shapes, 0), element: () => text(sizeAt(shapes, 0)) },
  })),
  ...names("_+_", added),
  ...names("_[_] _?._ _[?_]", item),
  ...names("contains", (shapes) => ({
    cost: Math.ceil(sizeAt(shapes, 0) * perByte) * Math.max(1, Math.ceil(sizeAt(shapes, 1) * perByte)),
    shape: scalar,
  })),
  ...names("startsWith endsWith", walk(1, perByte)),
  ...names("@in includes", walk(1, 1)),
  ...names("isSorted sum indexOf lastIndexOf", walk(0, 1)),
  ...names("min max", (shapes) => ({ cost: sizeAt(shapes, 0), shape: shapes[0]?.element?.() ?? scalar })),
  ...names("lowerAscii upperAscii trim substring", alike(perByte)),
  ...names("replace", (shapes) => ({
    cost: Math.ceil(sizeAt(shapes, 0) * 2 * perByte),
    shape: text(sizeAt(shapes, 0) * Math.max(1, sizeAt(shapes, 2))),
  })),
  ...names("split", (shapes) => ({
    cost: Math.ceil(sizeAt(shapes, 0) * 2 * perByte),
    shape: { size: sizeAt(shapes, 0), element: () => text(sizeAt(shapes, 0)) },
  })),
  ...names("join format", ([list = unknown, other = unknown]) => {
    const size = Math.min(unknown.size * 4, list.size * (1 + (list.element?.().size ?? 1)) + other.size);
    return { cost: Math.ceil(size * 2 * perByte), shape: text(size) };
  }),
  ...names("url isURL quantity isQuantity ip isIP cidr isCIDR semver isSemver", walk(0, perByte)),
  ...names("ip.isCanonical", walk(0, 2 * perByte)),
  ...names("sets.contains sets.equivalent sets.intersects", (shapes) => ({ cost: 1 + sizeAt(shapes, 0) * sizeAt(shapes, 1), shape: scalar })),
  ...names("distinct", (shapes) => ({ cost: 1 + sizeAt(shapes, 0) ** 2, shape: shapes[0] ?? unknown })),
  ...names("sort reverse slice flatten @sortByAssociatedKeys", alike(1)),
  ...names("lists.range", () => ({ cost: 100_000, shape: { size: 100_000, element: () => scalar } })),
  ...names("validate", (shapes) => ({ cost: Math.ceil((1 + sizeAt(shapes, 1)) * perByte) * 32, shape: { size: 1, element: () => text(64) } })),
  ...names("string bytes strings.quote", ([value = unknown]) => ({
    cost: Math.max(1, Math.ceil(value.size * perByte)),
    shape: text(Math.max(value.size, 64)),
  })),
  ...names("int uint double bool timestamp duration", walk(0, perByte)),
  ...names("dyn value first last unwrapOpt optional.unwrap", ([value = unknown]) => ({ cost: 1, shape: value })),
  ...names("optional.of optional.ofNonZeroValue", ([value = unknown]) => ({ cost: 1, shape: value })),
  ...names("or orValue", ([a = unknown, b = unknown]) => ({ cost: 1, shape: a.size > b.size ? a : b })),
  ...names("getScheme getHost getHostname getPort getEscapedPath", () => ({ cost: 1, shape: text(unknown.size) })),
  ...names("getQuery", () => ({ cost: 1, shape: unknown })),
]);

/** What the call itself costs at most, its arguments apart, and how large its result can be. */
export const estimateCall = (name: string, shapes: readonly Shape[]): Estimate => {
  const { cost, shape } = estimates.get(name)?.(shapes) ?? { cost: 1, shape: scalar };
  return { cost: Math.max(1, cost), shape };
};
