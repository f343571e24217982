import { expect, test } from "vitest";
import { parseEncryptionConfiguration } from "./encryption-configuration.js";

const secret = Buffer.alloc(32, 7).toString("base64");
const head = "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\n";
const withProviders = (providers: string, resources = "[secrets]"): string =>
  `${head}resources:\n- resources: ${resources}\n  providers: ${providers}\n`;
const aes = (key: string): string => withProviders(`[{aesgcm: {keys: [${key}]}}]`);

test("the example of Kubernetes' documentation is read", () => {
  const text = `---
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets, configmaps, pandas.awesome.bears.example]
    providers:
      - identity: {}
      - aesgcm: { keys: [{ name: key1, secret: c2VjcmV0IGlzIHNlY3VyZQ== }, { name: key2, secret: dGhpcyBpcyBwYXNzd29yZA== }] }
      - aescbc: { keys: [{ name: key1, secret: c2VjcmV0IGlzIHNlY3VyZQ== }] }
      - secretbox: { keys: [{ name: key1, secret: YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY= }] }
  - resources: [events]
    providers: [identity: {}]
  - resources: ['*.apps']
    providers: [aescbc: { keys: [{ name: key2, secret: c2VjcmV0IGlzIHNlY3VyZSwgb3IgaXMgaXQ/Cg== }] }]
  - resources: ['*.*']
    providers: [aescbc: { keys: [{ name: key3, secret: c2VjcmV0IGlzIHNlY3VyZSwgSSB0aGluaw== }] }]
`;
  // Two of these are no AES keys: Kubernetes' page says that its keys are shortened.
  expect(() => parseEncryptionConfiguration(text)).toThrow(
    "resources[2].providers[0].aescbc.keys[0].secret: expected a key of 16 or 24 or 32 bytes, found 28\n" +
      "resources[3].providers[0].aescbc.keys[0].secret: expected a key of 16 or 24 or 32 bytes, found 25",
  );
  const { resources } = parseEncryptionConfiguration(
    text.replaceAll("c2VjcmV0IGlzIHNlY3VyZSwgb3IgaXMgaXQ/Cg==", secret).replaceAll("c2VjcmV0IGlzIHNlY3VyZSwgSSB0aGluaw==", secret),
  );
  expect(resources.map((it) => it.providers.map(({ type }) => type))).toEqual([
    ["identity", "aesgcm", "aescbc", "secretbox"],
    ["identity"],
    ["aescbc"],
    ["aescbc"],
  ]);
});

test.each([
  ["kind: Pod", "kind: expected EncryptionConfiguration"],
  [head, "resources: at least one of resources is required"],
  ["[]", "expected an EncryptionConfiguration"],
  ["a: [", "not YAML"],
  [`${head}resources: [{resources: [secrets], providers: [{identity: {}}], provider: []}]`, "resources[0].provider: there is no such field"],
  [withProviders("[]"), "resources[0].providers: at least one of providers is required"],
  [withProviders("[{aes: {}}]"), "resources[0].providers[0].aes: there is no such field"],
  [withProviders("[{identity: {}, aesgcm: {keys: []}}]"), "resources[0].providers[0]: more than one provider"],
  [withProviders("[{aesgcm: {keys: []}}]"), "resources[0].providers[0].aesgcm.keys: at least one of keys is required"],
  [aes(`{secret: ${secret}}`), "resources[0].providers[0].aesgcm.keys[0].name: name is a mandatory field for a key"],
  [aes(`{name: "a:b", secret: ${secret}}`), "resources[0].providers[0].aesgcm.keys[0].name: must not contain ':'"],
  [aes("{name: a}"), "resources[0].providers[0].aesgcm.keys[0].secret: secret is a mandatory field for a key"],
  [aes("{name: a, secret: '*not base64*'}"), "resources[0].providers[0].aesgcm.keys[0].secret: secrets must be base64 encoded"],
  [aes("{name: a, secret: AAAA}"), "resources[0].providers[0].aesgcm.keys[0].secret: expected a key of 16 or 24 or 32 bytes, found 3"],
  [aes(`{name: a, secret: ${secret}}, {name: a, secret: ${secret}}`), 'resources[0].providers[0].aesgcm.keys: two keys are called "a"'],
  [withProviders("[{identity: {}}]", "[Secrets]"), 'resources[0].resources[0]: "Secrets": resource name should not contain capital letters'],
  [withProviders("[{identity: {}}]", "['*']"), "use '*.' to encrypt all the resources from core API group"],
  [withProviders("[{identity: {}}]", "['secrets.*']"), "encrypting the same resource across groups is not supported"],
  [withProviders("[{identity: {}}]", "[events.events.k8s.io]"), "Use 'events' instead"],
  [withProviders("[{identity: {}}]", "[secrets, secrets]"), "the same resource cannot be specified multiple times"],
  [withProviders("[{identity: {}}]", "[secrets, '*.']"), "they will be masked"],
  [withProviders("[{identity: {}}]", "['*.*', secrets]"), "they will be masked"],
  [withProviders("[{kms: {apiVersion: v1, name: a, endpoint: 'unix:///a'}}]"), "resources[0].providers[0].kms.apiVersion: only v2 is supported"],
  [withProviders("[{kms: {apiVersion: v2, name: a, endpoint: 'http://a'}}]"), "resources[0].providers[0].kms.endpoint: expected unix:///path"],
  [
    withProviders("[{kms: {apiVersion: v2, name: a, endpoint: 'unix:///a', timeout: 0s}}]"),
    "resources[0].providers[0].kms.timeout: expected a duration above 0",
  ],
])("a wrong field is named (%#)", (text, problem) => {
  expect(() => parseEncryptionConfiguration(text)).toThrow(problem);
});

test("no secret is in a message", () => {
  const thrown = ((): string => {
    try {
      parseEncryptionConfiguration(aes("{name: a, secret: dG9wc2VjcmV0}"));
    } catch (error) {
      return String(error);
    }
    return "";
  })();
  expect(thrown).toContain("found 9");
  expect(thrown).not.toContain("dG9wc2VjcmV0");
});
