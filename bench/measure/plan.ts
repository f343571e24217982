import type { Plan } from "./finding.js";

const inShort = { rounds: 1, seconds: 1 } as const;
const whole = { rounds: 5, seconds: 5 } as const;

/** What a run is asked to do; BENCH_ROUNDS and BENCH_SECONDS say otherwise. Throws when they are no numbers over 0. */
export function planOf({ smoke, env }: { readonly smoke: boolean; readonly env: NodeJS.ProcessEnv }): Plan {
  const { rounds, seconds } = smoke ? inShort : whole;
  return { rounds: Math.ceil(numberOf(env, "BENCH_ROUNDS") ?? rounds), seconds: numberOf(env, "BENCH_SECONDS") ?? seconds, smoke };
}

function numberOf(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name}=${text}: it must be a number over 0`);
  return value;
}
