// Compiles the WebAssembly module and embeds it in src/gen, so that the package needs no file beside its code.
// With --check it writes nothing and fails if the embedded module is another one.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
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
const encoded = Buffer.from(binary).toString("base64");
const text = `// Generated from assembly/ by "npm run generate -w packages/frames". Do not edit.\nexport const WASM_MODULE =\n  "${encoded}";\n`;
if (!process.argv.includes("--check")) {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
} else if (readFileSync(target, "utf8") !== text) {
  console.error("src/gen/wasm-module.ts is not what assembly/ compiles to: npm run generate -w packages/frames");
  process.exit(1);
}
