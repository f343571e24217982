import { existsSync } from "node:fs";
import path from "node:path";
import { bareEnvironment, runProcess } from "../../conformance/testing/run-process.js";
import { type Contestant, kubeBinaries } from "./contestant.js";

/** What the generator of load saw: figures by phase, such as `create_16/per_s`. */
export type Figures = ReadonlyMap<string, number>;

/** Whether the generator is built; a peer is another matter. */
export const hasLoad = (): boolean => existsSync(path.join(kubeBinaries, "kubeload"));

/** Puts the generator's load on a server; rejects with its words when it fails. */
export async function load({ kubeconfig }: Contestant, parameters: readonly string[]): Promise<Figures> {
  const generator = runProcess(path.join(kubeBinaries, "kubeload"), ["-kubeconfig", kubeconfig, ...parameters], { env: bareEnvironment() });
  const { code } = await generator.end;
  if (code !== 0) throw new Error(`the load ended with ${String(code)}: ${generator.stderr()}`);
  return new Map(figuresOf(generator.stdout()));
}

function figuresOf(output: string): readonly (readonly [string, number])[] {
  const { results } = JSON.parse(output) as {
    readonly results: readonly { readonly name: string; readonly values: Readonly<Record<string, number>> }[];
  };
  return results.flatMap(({ name, values }) => Object.entries(values).map(([key, value]) => [`${name}/${key}`, value] as const));
}
