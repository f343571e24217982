import security from "eslint-plugin-security";
import sonarjs from "eslint-plugin-sonarjs";
import tseslint from "typescript-eslint";

/** Both hold what they follow weakly, so that garbage collection decides over limits; on Node 20 a limit may never end. */
const weakSignals = [
  {
    object: "AbortSignal",
    property: "timeout",
    message: "Once it goes into AbortSignal.any, Node 20 may collect it as garbage and it never aborts. Use TimeLimit of @dataplane/meta.",
  },
  {
    object: "AbortSignal",
    property: "any",
    message: "It loses timeouts on Node 20, and what listens to it stays for good when its sources are gone. Use LinkedAbort of @dataplane/meta.",
  },
];

/** Findings are errors: a rule that is off says why. */
export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/src/gen/**",
      "**/node_modules/**",
      "data/**",
      "coverage/**",
      "bench/peers/**",
      ".cache/**",
      "conformance/generated-clients/**",
    ],
  },
  {
    files: ["packages/*/src/**/*.ts", "plugins/*/src/**/*.ts", "tools/**/*.ts", "conformance/**/*.ts", "examples/**/*.ts", "bench/**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, sonarjs.configs.recommended, security.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // Every lookup in a typed record would be a finding; noUncheckedIndexedAccess and Maps for foreign keys do that work.
      "security/detect-object-injection": "off",
      // The server's job is to open files that its configuration names.
      "security/detect-non-literal-fs-filename": "off",
      // It guesses by nesting and finds harmless `(?:...)?`; sonarjs/slow-regex looks at what can backtrack.
      "security/detect-unsafe-regex": "off",
      // It takes every comparison with `undefined` for one of a secret; those that are secrets are compared by timingSafeEqual.
      "security/detect-possible-timing-attacks": "off",
      // Taking a field out of an object by naming it beside the rest is the way to do so.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true, varsIgnorePattern: "^_", argsIgnorePattern: "^_" }],
      "sonarjs/no-unused-vars": "off",
      // Orders here are by code unit, which every machine agrees on; a locale's are for people.
      "sonarjs/no-alphabetical-sort": "off",
      // A walk over JSON gives back what it was given: any of JSON's types.
      "sonarjs/function-return-type": "off",
      "sonarjs/no-nested-template-literals": "off",
      "sonarjs/no-nested-conditional": "off",
      "sonarjs/todo-tag": "error",
      // Contract types use `readonly` arrays and void returns of callbacks on purpose; these two fight that style.
      "sonarjs/void-use": "off",
      "sonarjs/no-small-switch": "off",
    },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    ignores: ["**/*.test.ts", "**/testing/**/*.ts", "packages/*/src/conformance/**/*.ts"],
    rules: { "no-restricted-properties": ["error", ...weakSignals] },
  },
  {
    files: ["plugins/*/src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    // A plugin knows only the SDK, which has no linked signals; a timer of its own is safe there.
    rules: { "no-restricted-properties": ["error", ...weakSignals.filter(({ property }) => property === "timeout")] },
  },
  {
    files: ["**/*.test.ts", "conformance/**/*.ts", "**/testing/**/*.ts"],
    rules: {
      // Tests name ports, addresses and passwords that are nobody's.
      "sonarjs/no-hardcoded-passwords": "off",
      "sonarjs/no-hardcoded-ip": "off",
      "sonarjs/no-clear-text-protocols": "off",
      "sonarjs/publicly-writable-directories": "off",
      "sonarjs/no-nested-functions": "off",
      // expect.stringContaining() and its like are typed `any`.
      "@typescript-eslint/no-unsafe-assignment": "off",
    },
  },
);
