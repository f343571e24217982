/** What a setting's text must say, and what it becomes. */
export interface SettingKind<T> {
  readonly name: string;
  /** Throws an Error that says what was expected. */
  readonly parse: (text: string) => T;
}

/** One key of the configuration, declared once: the parser, `conf/defaults.ini` and the reference are made from it. */
export interface Setting<T> {
  readonly section: string;
  readonly key: string;
  readonly kind: SettingKind<T>;
  readonly default: string;
  readonly doc: string;
  /** Never shown in logs or errors. */
  readonly secret?: boolean;
}

export const setting = <T>(section: string, key: string, kind: SettingKind<T>, fallback: string, doc: string, secret = false): Setting<T> => ({
  section,
  key,
  kind,
  default: fallback,
  doc,
  ...(secret ? { secret } : {}),
});

const expected = (what: string, text: string): Error => new Error(`expected ${what}, found ${JSON.stringify(text)}`);

export const text: SettingKind<string> = { name: "text", parse: (value) => value };

export const boolean: SettingKind<boolean> = {
  name: "true or false",
  parse: (value) => {
    const lower = value.toLowerCase();
    if (["true", "1", "yes", "on", "t", "y"].includes(lower)) return true;
    if (["false", "0", "no", "off", "f", "n", ""].includes(lower)) return false;
    throw expected("true or false", value);
  },
};

export const integer = (min: number, max: number): SettingKind<number> => ({
  name: `whole number, ${min} to ${max}`,
  parse: (value) => {
    const number = Number(value);
    if (!/^-?\d+$/.test(value) || number < min || number > max) throw expected(`a whole number from ${min} to ${max}`, value);
    return number;
  },
});

export const port = integer(0, 65_535);

export const oneOf = <T extends string>(...values: readonly T[]): SettingKind<T> => ({
  name: values.join(" or "),
  parse: (value) => {
    const found = values.find((it) => it === value);
    if (found === undefined) throw expected(values.join(" or "), value);
    return found;
  },
});

/** Names parted by commas or blanks. */
export const list: SettingKind<readonly string[]> = {
  name: "names, parted by commas",
  parse: (value) => value.split(/[\s,]+/).filter((it) => it !== ""),
};

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds from `30s`, `10m`; a bare number counts seconds, as Grafana's `[dataproxy] timeout` does. */
export const duration: SettingKind<number> = {
  name: "duration such as 30s; a bare number counts seconds",
  parse: (value) => {
    const match = /^(\d+)(ms|[smhd])?$/.exec(value);
    const unit = units[match?.[2] ?? "s"];
    if (match === null || unit === undefined) throw expected("a duration such as 30s", value);
    return Number(match[1]) * unit;
  },
};
