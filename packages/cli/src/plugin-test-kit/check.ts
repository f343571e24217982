import type { PluginUnderTest } from "./plugin-under-test.js";
import type { TestInput } from "./test-input.js";

/** What a check may use. */
export interface CheckContext {
  readonly plugin: PluginUnderTest;
  readonly input: TestInput;
}

/** One rule of the protocol. */
export interface Check {
  /** A sentence without its end: "answers each query by its refId". */
  readonly name: string;
  /** Resolves when the rule is kept, with what is worth knowing. Throws NotServed where the rule does not apply, anything else where it is broken. */
  readonly run: (context: CheckContext) => Promise<string | undefined>;
}

/** The rule does not apply, and why. */
export class NotServed extends Error {
  override readonly name = "NotServed";
}

/** A broken rule; the message says what was seen. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** Throws Broken unless it holds. */
export function hold(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Broken(otherwise);
}
