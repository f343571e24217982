import { executableOf, type PluginIdentity, type ProjectFile } from "./plugin-identity.js";

/** What every project has, whatever its type. */
export function projectFiles(identity: PluginIdentity, sdk: Readonly<Record<string, string>>): readonly ProjectFile[] {
  return [
    { path: "package.json", text: json(packageJson(identity, sdk)) },
    { path: "plugin.json", text: json(pluginJson(identity)) },
    { path: "tsconfig.json", text: json(tsconfig) },
    { path: "build.mjs", text: buildScript(executableOf(identity)) },
    { path: ".gitignore", text: "/dist/\n/node_modules/\n/*.zip\n" },
    { path: "img/logo.svg", text: logo },
    { path: "README.md", text: readme(identity) },
  ];
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

function packageJson({ id, name }: PluginIdentity, sdk: Readonly<Record<string, string>>): object {
  return {
    name: id,
    version: "0.1.0",
    description: name,
    private: true,
    type: "module",
    engines: { node: ">=20.19" },
    scripts: {
      build: "tsc && node build.mjs",
      test: "npm run build && node --import tsx --test src/*.test.ts",
    },
    devDependencies: {
      ...sdk,
      "@types/node": "^20.19.0",
      esbuild: "^0.28.0",
      tsx: "^4.23.0",
      typescript: "^6.0.0",
    },
  };
}

function pluginJson(identity: PluginIdentity): object {
  const { id, name, type, author } = identity;
  return {
    type,
    name,
    id,
    ...(type === "datasource" ? { metrics: true } : {}),
    backend: true,
    executable: executableOf(identity),
    info: {
      description: name,
      author: { name: author },
      version: "0.1.0",
      keywords: [],
      logos: { small: "img/logo.svg", large: "img/logo.svg" },
      links: [],
      screenshots: [],
    },
    dependencies: { grafanaDependency: ">=11.0.0", plugins: [] },
  };
}

const tsconfig = {
  compilerOptions: {
    target: "ES2023",
    module: "NodeNext",
    lib: ["ES2023", "ESNext.Disposable"],
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["src"],
};

const buildScript = (
  executable: string,
): string => `// Makes dist/, which is the whole plugin: plugin.json, one file with all the code, and a launcher for each platform.
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
await build({
  entryPoints: ["src/main.ts"],
  outfile: "dist/main.mjs",
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // CommonJS inside asks for Node's modules by require.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  logLevel: "warning",
});
for (const name of ["plugin.json", "README.md", "img"]) cpSync(name, \`dist/\${name}\`, { recursive: true });
// The host runs <executable>_<os>_<architecture>. The first line names node, so that this server runs it with its own.
for (const system of ["linux", "darwin", "windows"]) {
  for (const architecture of ["amd64", "arm64"]) {
    const launcher = \`dist/${executable}_\${system}_\${architecture}\`;
    writeFileSync(launcher, '#!/usr/bin/env node\\nimport("./main.mjs");\\n');
    chmodSync(launcher, 0o755);
  }
}
`;

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="10" fill="#3871dc"/></svg>
`;

const readme = ({ id, name, type }: PluginIdentity): string => `# ${name}

A backend ${type === "app" ? "app" : "data source"} plugin in TypeScript, id \`${id}\`.

    npm install
    npm test                            # builds dist/, then runs the tests against the real process
    npm run build                       # dist/ is the whole plugin

Try it: link or copy \`dist\` into the server's folder of plugins, and start the server with \`app_mode = development\`, so that it loads
unsigned plugins. The plugin is loaded again whenever \`dist\` changes.

    dataplane plugins test dist         # does it keep the protocol?
    dataplane plugins package dist      # ${id}-0.1.0.zip, which \`dataplane plugins install\` takes
    dataplane plugins sign dist --key FILE

\`vendor/\` holds the SDK's packages, as they were when this project was made; package.json names them.
`;
