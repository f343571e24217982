// Writes what the API server knows of Kubernetes' kinds: field names, numbers and types, from the Go modules that declare them.
//   npx tsx tools/kubernetes-api/main.ts        needs Go
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { kubernetesMessages } from "./kubernetes-messages.js";

const version = "v0.37.2";
const target = path.join(import.meta.dirname, "../../packages/apiserver/src/protobuf/kubernetes-messages.ts");

writeFileSync(
  target,
  kubernetesMessages(["api", "apimachinery", "apiextensions-apiserver"].flatMap((name) => apiFolders(moduleFolder(`k8s.io/${name}`)))),
);
console.log(`wrote ${path.relative(process.cwd(), target)}`);

function moduleFolder(name: string): string {
  // eslint-disable-next-line sonarjs/no-os-command-from-path -- whichever Go the developer has
  const answer = execFileSync("go", ["mod", "download", "-json", `${name}@${version}`], { cwd: "/", encoding: "utf8" });
  const { Dir } = JSON.parse(answer) as { readonly Dir: string };
  return Dir;
}

function apiFolders(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((it) => existsSync(path.join(it, "generated.proto")));
}
