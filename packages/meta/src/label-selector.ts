import { int64, type LabelRequirement, parseLabelRequirements } from "./label-requirements.js";

type Labels = Readonly<Record<string, string>>;

/** What `labelSelector` asks for (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors). */
export interface LabelSelector {
  /** True when it asks for nothing: all objects match. */
  readonly isEmpty: boolean;
  matches(labels: Labels | undefined): boolean;
}

type Predicate = (labels: Labels) => boolean;

/** Equality (`a=b`, `a==b`, `a!=b`), sets (`a in (b,c)`, `a notin (b)`), presence (`a`, `!a`), numbers (`a>1`, `a<1`), joined by commas. Throws BadRequest. */
export function parseLabelSelector(text: string): LabelSelector {
  const all = parseLabelRequirements(text).map((it) => predicates[it.operator](it));
  return { isEmpty: all.length === 0, matches: (labels = {}) => all.every((it) => it(labels)) };
}

const valueOf = (labels: Labels, key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);

const isOne = ({ key, values }: LabelRequirement): Predicate => {
  const wanted = new Set(values);
  return (labels) => {
    const found = valueOf(labels, key);
    return found !== undefined && wanted.has(found);
  };
};

const isNone = (requirement: LabelRequirement): Predicate => {
  const matches = isOne(requirement);
  return (labels) => !matches(labels);
};

const exists =
  ({ key }: LabelRequirement): Predicate =>
  (labels) =>
    Object.hasOwn(labels, key);

const compares =
  (fits: (found: bigint, bound: bigint) => boolean) =>
  ({ key, values: [bound = ""] }: LabelRequirement): Predicate => {
    const limit = int64(bound);
    return (labels) => {
      const found = int64(valueOf(labels, key) ?? "");
      return found !== undefined && limit !== undefined && fits(found, limit);
    };
  };

const predicates: Readonly<Record<LabelRequirement["operator"], (requirement: LabelRequirement) => Predicate>> = {
  in: isOne,
  "=": isOne,
  "==": isOne,
  notin: isNone,
  "!=": isNone,
  exists,
  "!": (requirement) => {
    const matches = exists(requirement);
    return (labels) => !matches(labels);
  },
  ">": compares((found, bound) => found > bound),
  "<": compares((found, bound) => found < bound),
};
