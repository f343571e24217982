import type { JsonObject } from "@dataplane/meta";
import { stringify } from "yaml";
import type { Random } from "../testing/random.js";
import { jsonText } from "./hostile-values.js";
import { mutatedOften, mutatedText } from "./mutate.js";

const bombs: readonly [string, ...string[]] = [
  [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdefghi".split("").map(
      (name, index) =>
        `${name}: &${name} [${Array(9)
          .fill(`*${"abcdefgh"[index] ?? "a"}`)
          .join(",")}]`,
    ),
  ].join("\n"),
  "a: &a [*a]",
  "&a {x: *a}",
  "<<: &a {<<: *a}",
  "- ".repeat(2_000),
  "[".repeat(5_000),
  "{a: ".repeat(2_000),
  `? ${"? ".repeat(500)}`,
  "a: !!js/function 'x'",
  "!!binary AAAA",
  "!<tag:yaml.org,2002:set> {a, b}",
  "%YAML 9.9\n---\na: 1",
  "%TAG ! tag:x,2000:\n---\n!a b",
  "a: 1\na: 2",
  "a: .inf\nb: .nan\nc: 0o17\nd: 1_000\ne: 0b11\nf: 12:30:45\ng: 2001-12-14t21:59:43.10-05:00",
  "__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}",
  "<<: {__proto__: {polluted: 1}}",
  "--- a\n--- b\n",
  "a: |99\n x",
  "\t\tx: 1",
  "{? [a]: b, ? {c: d}: e}",
  "!!map [a]",
  `${"&a ".repeat(50)}x`,
  "1: a\ntrue: b\nnull: c\n1.5: d",
];

/** An object as YAML, broken now and then, or one of what breaks readers of YAML. */
export function yamlText(value: JsonObject, random: Random): string {
  if (random.chance(0.1)) return mutatedText(random.pick(bombs), random);
  if (random.chance(0.05)) return `${stringify(value)}\n${random.pick(bombs)}`;
  const changed = random.chance(0.6) ? mutatedOften(value, random) : value;
  const text = random.chance(0.3) ? jsonText(changed) : stringify(changed);
  return random.chance(0.6) ? mutatedText(text, random) : text;
}
