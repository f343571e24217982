import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { checkSignature, findPlugins } from "@dataplane/plugin-host";
import { expect, test } from "vitest";
import { root, runCli } from "../testing/run-cli.js";
import { temporaryFolder } from "../testing/temporary-folder.js";
import { unzip } from "../testing/unzip.js";
import { writePlugin } from "../testing/write-plugin.js";

const id = "acme-waves-datasource";

/** What a server makes of the plugins in a folder, when it trusts that key. */
async function verdictIn(folder: string, publicKey: string) {
  const [plugin] = findPlugins([{ path: folder, signature: "unsigned" }]).plugins;
  if (plugin === undefined) throw new Error("no plugin there");
  return checkSignature(plugin, { trustedKeys: [publicKey], rootUrl: "http://localhost:3000/", now: () => new Date() });
}

test("the same folder gives the same bytes, whatever its times, and executables stay so", async () => {
  await using folder = await temporaryFolder();
  const plugin = await writePlugin(folder.path, id, "// nothing");
  expect(await runCli(folder.path, ["plugins", "package", id])).toMatchObject({ code: 0, stderr: [] });
  const first = await readFile(join(folder.path, `${id}-1.2.3.zip`));
  await utimes(join(plugin, "plugin.json"), new Date(0), new Date(0));
  expect(await runCli(folder.path, ["plugins", "package", id, "--out", "."])).toMatchObject({ code: 0 });
  const second = await readFile(join(folder.path, `${id}-1.2.3.zip`));
  expect(second.equals(first)).toBe(true);
  const files = unzip(second);
  expect([...files.keys()]).toContain(`${id}/plugin.json`);
  expect(files.get(`${id}/gpx_linux_amd64`)).toEqual({ content: await readFile(join(plugin, "gpx_linux_amd64")), mode: 0o755 });
  expect(files.get(`${id}/plugin.json`)?.mode).toBe(0o644);
});

test("what is signed and packaged is found good by a server that trusts the key, and no more once a byte differs", async () => {
  await using folder = await temporaryFolder();
  const plugin = await writePlugin(folder.path, id, "// nothing");
  const env = { DATAPLANE_SIGNING_PASSPHRASE: "open-sesame" };
  const keygen = await runCli(folder.path, ["plugins", "keygen", "key.asc", "--name", "Ann"], env);
  expect(keygen).toMatchObject({ code: 0, stderr: [] });
  expect((await stat(join(folder.path, "key.asc"))).mode & 0o077).toBe(0);
  const sign = ["plugins", "sign", id, "--key", "key.asc", "--root-url", "http://localhost:3000/", "--org", "acme"];
  expect(await runCli(folder.path, sign)).toMatchObject({ code: 1, stderr: [expect.stringContaining("a passphrase is needed")] });
  expect(await runCli(folder.path, sign, env)).toMatchObject({ code: 0, stderr: [] });
  expect(await runCli(folder.path, ["plugins", "package", id])).toMatchObject({ code: 0 });

  const installed = join(folder.path, "installed");
  for (const [path, { content, mode }] of unzip(await readFile(join(folder.path, `${id}-1.2.3.zip`)))) {
    await mkdir(dirname(join(installed, path)), { recursive: true });
    await writeFile(join(installed, path), content);
    await chmod(join(installed, path), mode);
  }
  const publicKey = await readFile(join(folder.path, "key.asc.pub"), "utf8");
  expect(await verdictIn(installed, publicKey)).toMatchObject({ signature: "valid", message: "" });
  await writeFile(join(installed, id, "gpx_linux_amd64"), "#!/bin/sh\n");
  expect(await verdictIn(installed, publicKey)).toMatchObject({ signature: "modified" });
  // The plugin's own folder was signed, so it is good as well.
  expect(await verdictIn(plugin, publicKey)).toMatchObject({ signature: "valid" });
});

test("a key is never written over another, and arguments that make no sense are told", async () => {
  await using folder = await temporaryFolder();
  await writePlugin(folder.path, id, "");
  await writeFile(join(folder.path, "key.asc"), "mine");
  expect((await runCli(folder.path, ["plugins", "keygen", "key.asc", "--name", "Ann"])).code).toBe(1);
  expect(await readFile(join(folder.path, "key.asc"), "utf8")).toBe("mine");
  expect((await runCli(folder.path, ["plugins", "keygen", "other.asc"])).code).toBe(2);
  expect((await runCli(folder.path, ["plugins", "sign", id])).code).toBe(2);
  expect((await runCli(folder.path, ["plugins", "sign", id, "--key", "key.asc"])).stderr[0]).toContain("no armoured PGP private key");
  expect((await runCli(folder.path, ["plugins", "sign", id, "--key", "key.asc", "--root-url", "nowhere"])).code).toBe(2);
  expect((await runCli(folder.path, ["plugins", "package", "nowhere"])).stderr[0]).toContain("has no plugin.json");
});

test("a plugin that was created, signed and packaged is installed as valid, and not once a byte of it differs", { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder();
  const cli = async (...argv: readonly string[]) => {
    const run = await runCli(folder.path, argv);
    expect([argv.slice(0, 2), run.code, run.stderr]).toEqual([argv.slice(0, 2), 0, []]);
    return run.stdout;
  };
  await cli("create", "plugin", "waves", "--skip-sdk");
  const project = join(folder.path, "waves");
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
  const script = await readFile(join(project, "build.mjs"), "utf8");
  await writeFile(join(project, "build.mjs"), script.replace("bundle: true,", 'bundle: true, conditions: ["source"],'));
  await promisify(execFile)(process.execPath, ["build.mjs"], { cwd: project });
  await cli("plugins", "keygen", "key.asc", "--name", "Ann");
  await cli("plugins", "sign", "waves", "--key", "key.asc");
  await cli("plugins", "package", "waves");
  const server = ["--plugins-dir", "server-plugins", "--trusted-key", "key.asc.pub"];
  expect((await cli("plugins", "install", "waves-datasource-0.1.0.zip", ...server)).join()).toContain("waves-datasource 0.1.0 is installed");
  expect((await cli("plugins", "ls", ...server)).join("\n")).toMatch(/waves-datasource.*valid/);
  // What was installed runs: it keeps the protocol.
  await cli("plugins", "test", join("server-plugins", "waves-datasource"));

  await writeFile(join(project, "dist", "main.mjs"), "// something else");
  await cli("plugins", "package", "waves");
  const refused = await runCli(folder.path, ["plugins", "install", "waves-datasource-0.1.0.zip", ...server]);
  expect([refused.code, refused.stderr.join()]).toEqual([1, expect.stringContaining("modified")]);
});
