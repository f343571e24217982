import type { Random } from "../testing/random.js";
import { mutatedText } from "./mutate.js";

const rules: readonly [string, ...string[]] = [
  "self.size >= 0",
  "self.parts.all(p, p.name.size() < 5 && p.name.matches('^[a-z]+$'))",
  "!has(self.color) || self.color in ['red', 'green', 'blue']",
  "self.size <= oldSelf.size + 1",
  "self.parts.exists_one(p, p.name == self.color) || self.parts.map(p, p.name).size() == self.parts.size()",
  "type(self.port) == int ? self.port < 65536 : self.port.endsWith('%')",
  "quantity(self.amount).isGreaterThan(quantity('1Ki'))",
  "url(self.link).getScheme() == 'https'",
  "ip(self.address).family() == 4 || cidr('10.0.0.0/8').containsIP(self.address)",
  "self.labels.all(k, self.labels[k].startsWith(k)) && self.labels.size() < 10",
  "duration(self.age) < duration('24h') && timestamp(self.born).getFullYear() > 2000",
  "self.color.lowerAscii().replace('r', 'b').split(',').join('-').find('[a-z]+') != ''",
  "optional.of(self.size).orValue(1) == self.?size.orValue(1)",
  "self.parts.filter(p, p.weight > 1.5).map(p, p.weight * 2.0).sum() < 100.0",
  "self.set.isSorted() && sets.contains(self.set, ['a'])",
  "format.dns1123Label().validate(self.color).hasValue()",
  "semver('1.2.3').isLessThan(semver('2.0.0'))",
  "cel.bind(x, self.size, x * x > 4)",
  "math.greatest(self.size, 3) > 2 && self.size % 2 == 1",
];

const atoms: readonly [string, ...string[]] = [
  "self",
  "oldSelf",
  "self.size",
  "self.color",
  "self.parts",
  "self.parts[0]",
  "self.parts[0].name",
  "self.labels",
  "self.labels['a']",
  "self.set",
  "self.port",
  "p",
  "1",
  "-9223372036854775808",
  "9223372036854775808",
  "1u",
  "1.5",
  "1e400",
  "'a'",
  "b'\\xff'",
  '"""x"""',
  "r'\\d'",
  "null",
  "true",
  "[]",
  "{}",
  "[1, 'a', null]",
  "{'a': 1, 'a': 2}",
  "type(1)",
  "int",
  "''",
];

const operators: readonly [string, ...string[]] = ["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", " in "];
const unary: readonly [string, ...string[]] = ["!", "-", "--", "!!"];
const calls: readonly [string, ...string[]] = [
  "size",
  "int",
  "uint",
  "double",
  "string",
  "bytes",
  "dyn",
  "type",
  "duration",
  "timestamp",
  "quantity",
  "url",
  "ip",
  "cidr",
  "has",
  "isQuantity",
  "semver",
  "sets.contains",
  "math.least",
  "optional.of",
  "nope",
  "__proto__",
];
const methods: readonly [string, ...string[]] = [
  "size",
  "matches",
  "contains",
  "startsWith",
  "find",
  "findAll",
  "split",
  "join",
  "replace",
  "substring",
  "charAt",
  "indexOf",
  "sum",
  "min",
  "max",
  "isSorted",
  "getHours",
  "add",
  "sub",
  "format",
  "orValue",
  "constructor",
  "toString",
];
const macros: readonly [string, ...string[]] = ["all", "exists", "exists_one", "map", "filter", "transformList", "transformMap", "sortBy"];

/** An expression: of known rules, grown from their parts, or broken. */
export function celText(random: Random): string {
  if (random.chance(0.3)) return mutatedText(random.pick(rules), random);
  if (random.chance(0.15)) return random.pick(rules);
  if (random.chance(0.01)) return bomb(random);
  return grown(random, 4);
}

function grown(random: Random, depth: number): string {
  if (depth === 0 || random.chance(0.15)) return random.pick(atoms);
  const next = (): string => grown(random, depth - 1);
  switch (random.below(9)) {
    case 0:
    case 1:
      return `${next()} ${random.pick(operators)} ${next()}`;
    case 2:
      return `${random.pick(unary)}${next()}`;
    case 3:
      return `${random.pick(calls)}(${next()}${random.chance(0.3) ? `, ${next()}` : ""})`;
    case 4:
      return `${next()}.${random.pick(methods)}(${random.chance(0.7) ? next() : ""})`;
    case 5:
      return `${next()}.${random.pick(macros)}(p, ${next()}${random.chance(0.1) ? `, ${next()}` : ""})`;
    case 6:
      return `${next()} ? ${next()} : ${next()}`;
    case 7:
      return random.chance(0.5) ? `[${next()}, ${next()}]` : `{${next()}: ${next()}}`;
    default:
      return random.chance(0.5) ? `(${next()})` : `${next()}[${next()}]`;
  }
}

function bomb(random: Random): string {
  const many = random.pick([50, 500, 5_000]);
  return random.pick([
    "(".repeat(many),
    `${"(".repeat(many)}1${")".repeat(many)} == 1`,
    `${"!".repeat(many)}true`,
    `${"[".repeat(many)}${"]".repeat(many)} == []`,
    `1${" + 1".repeat(many)} == 1`,
    `${"self.parts.all(p, ".repeat(Math.min(many, 30))}true${")".repeat(Math.min(many, 30))}`,
    `true${" ? true : false".repeat(many)}`,
    `'${"a".repeat(many)}'.matches('(a+)+b')`,
    `self.parts${".map(p, [p, p])".repeat(Math.min(many, 40))}.size() > 0`,
  ]);
}
