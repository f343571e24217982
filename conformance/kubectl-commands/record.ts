// Plays the session against a kube-apiserver and writes down what it answered, into session.yaml:
//   npx tsx conformance/kubectl-commands/record.ts KUBECONFIG
// The server needs RBAC and the controllers of namespaces, garbage, aggregated roles and service accounts.
import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { isMap, isSeq, parseDocument, Scalar, YAMLMap } from "yaml";
import { type KubectlVersion, kubectlVersions } from "../testing/kubectl.js";
import { type Outcome, openShell, session, sessionFile } from "./session.js";

async function record(version: KubectlVersion, kubeconfig: string): Promise<readonly Required<Outcome>[]> {
  const shell = await openShell(version, kubeconfig);
  const outcomes: Required<Outcome>[] = [];
  try {
    for (const step of session) outcomes.push(await shell.play(step));
  } finally {
    shell.close();
  }
  return outcomes;
}

/** In blocks as soon as there are lines, so that changes of what is recorded read well. */
function text(value: string): Scalar {
  const scalar = new Scalar(value);
  if (value.includes("\n")) scalar.type = Scalar.BLOCK_LITERAL;
  return scalar;
}

function write(node: YAMLMap, { exit, stdout, stderr }: Required<Outcome>): void {
  for (const key of ["exit", "stdout", "stderr", "v1.32"]) node.delete(key);
  if (exit !== 0) node.set("exit", exit);
  if (stdout !== "") node.set("stdout", text(stdout));
  if (stderr !== "") node.set("stderr", text(stderr));
}

const [kubeconfig] = process.argv.slice(2);
if (kubeconfig === undefined) throw new Error("which kubeconfig?");
const recorded = new Map<KubectlVersion, readonly Required<Outcome>[]>();
for (const version of kubectlVersions) recorded.set(version, await record(version, kubeconfig));

const document = parseDocument(readFileSync(sessionFile, "utf8"));
if (!isSeq(document.contents)) throw new Error("session.yaml is no list");
for (const [index, node] of document.contents.items.entries()) {
  const newest = recorded.get("newest")?.[index];
  const oldest = recorded.get("v1.32")?.[index];
  if (!isMap(node) || newest === undefined || oldest === undefined) throw new Error(`step ${String(index)} is no command`);
  const entry: YAMLMap = node;
  write(entry, newest);
  if (isDeepStrictEqual(newest, oldest)) continue;
  const own = new YAMLMap();
  write(own, oldest);
  entry.set("v1.32", own);
}
writeFileSync(sessionFile, document.toString({ lineWidth: 0 }));
