// Compiles the WebAssembly module and embeds it in src/gen, so that the package needs no file beside its code.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const here = fileURLToPath(new URL("./", import.meta.url));
const target = fileURLToPath(new URL("../src/gen/wasm-module.ts", import.meta.url));
const options = "-O3 --noAssert --runtime stub --enable simd --memoryBase 16384 --initialMemory 1".split(" ");

let binary;
const { error, stderr } = await asc.main(["index.ts", "--baseDir", here, "--outFile", "module.wasm", ...options], {
  writeFile: (_name, contents) => {
    binary = contents;
  },
});
if (error || binary === undefined) {
  console.error(stderr.toString());
  process.exit(1);
}
mkdirSync(fileURLToPath(new URL("../src/gen/", import.meta.url)), { recursive: true });
const text = Buffer.from(binary).toString("base64");
writeFileSync(
  target,
  `// Generated from assembly/ by "npm run generate -w packages/frames". Do not edit.\nexport const WASM_MODULE =\n  "${text}";\n`,
);
