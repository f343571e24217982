import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { issueTestCertificates, type TestCertificates } from "./etcd-certificates.js";
import { EtcdProcess, freePorts } from "./etcd-process.js";

export interface StartEtcdOptions {
  /** Only clients with a certificate of `certificates` are served. Off unless told. */
  readonly tls?: boolean;
  /** One unless told. */
  readonly members?: number;
  /** Bytes of --quota-backend-bytes. */
  readonly quota?: number;
  /** Bytes of --max-request-bytes; 8 MiB unless told, so that the largest objects of the API fit. 0 leaves etcd's own 1.5 MiB. */
  readonly maxRequest?: number;
  /** The program; the repository's own build, else the one on the PATH, unless told. */
  readonly program?: string;
}

/** An etcd cluster of a test's own. Members are numbered from 0. */
export interface TestEtcd {
  /** host:port of each member. */
  readonly hosts: readonly string[];
  readonly version: string;
  /** With TLS only. */
  readonly certificates: TestCertificates | undefined;
  /** SIGKILL; resolves when it is gone. The first member unless told. */
  kill(member?: number): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(member?: number): void;
  resume(member?: number): void;
  /** Ends it by SIGTERM, if it runs, and starts it on its data; on none when `afresh`. */
  restart(member?: number, options?: { readonly afresh?: boolean }): Promise<void>;
  /** One call of etcd's JSON gateway, such as `/v3/kv/compaction`; without TLS only. */
  admin(path: string, body: object, token?: string): Promise<Record<string, unknown>>;
  /** Ends all and removes their data. */
  stop(): Promise<void>;
}

const built = fileURLToPath(new URL("../../../../.cache/tools/etcd", import.meta.url));

/** The repository's build of etcd, or one on the PATH; undefined where there is none. */
export function findEtcd(): string | undefined {
  return existsSync(built) ? built : findOnPath();
}

/** An etcd that this system brings; often an older one. */
export function findOnPath(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders.map((folder) => path.join(folder, "etcd")).find((file) => path.isAbsolute(file) && existsSync(file));
}

/** Undefined where etcd is not installed. */
export async function startEtcd(options: StartEtcdOptions = {}): Promise<TestEtcd | undefined> {
  const program = options.program ?? findEtcd();
  if (program === undefined) return undefined;
  const count = options.members ?? 1;
  const ports = await freePorts(2 * count);
  const folder = mkdtempSync(path.join(tmpdir(), "etcd-"));
  const certificates = options.tls === true ? await issueTestCertificates(path.join(folder, "tls")) : undefined;
  const cluster = new EtcdCluster({ ...options, program, folder, certificates, clientPorts: ports.slice(0, count), peerPorts: ports.slice(count) });
  try {
    await cluster.startAll();
  } catch (thrown) {
    await cluster.stop();
    throw thrown;
  }
  return cluster;
}

interface EtcdClusterOptions extends Pick<StartEtcdOptions, "quota" | "maxRequest"> {
  readonly program: string;
  readonly folder: string;
  readonly certificates: TestCertificates | undefined;
  readonly clientPorts: readonly number[];
  readonly peerPorts: readonly number[];
}

class EtcdCluster implements TestEtcd {
  readonly hosts: readonly string[];
  readonly version: string;
  readonly certificates: TestCertificates | undefined;
  readonly #folder: string;
  readonly #processes: readonly EtcdProcess[];
  #generation = 0;

  constructor({ program, folder, certificates, clientPorts, peerPorts, quota, maxRequest = 8 * 1024 * 1024 }: EtcdClusterOptions) {
    this.hosts = clientPorts.map((port) => `127.0.0.1:${port}`);
    this.version = /etcd Version: (\S+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" }))?.[1] ?? "";
    this.certificates = certificates;
    this.#folder = folder;
    const scheme = this.certificates === undefined ? "http" : "https";
    const peers = peerPorts.map((port, index) => `m${index}=http://127.0.0.1:${port}`).join(",");
    const tls = this.certificates && [
      ...["--cert-file", this.certificates.serverCertFile, "--key-file", this.certificates.serverKeyFile],
      ...["--trusted-ca-file", this.certificates.caFile, "--client-cert-auth"],
    ];
    this.#processes = this.hosts.map((host, index) => {
      const peer = `http://127.0.0.1:${peerPorts[index] ?? 0}`;
      const own = ["--name", `m${index}`, "--listen-client-urls", `${scheme}://${host}`, "--advertise-client-urls", `${scheme}://${host}`];
      const cluster = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", peers];
      const limits = [
        ...(quota === undefined ? [] : ["--quota-backend-bytes", String(quota)]),
        ...(maxRequest === 0 ? [] : ["--max-request-bytes", String(maxRequest)]),
      ];
      return new EtcdProcess(program, [...own, ...cluster, ...(tls ?? []), ...limits]);
    });
  }

  async startAll(): Promise<void> {
    await Promise.all(this.#processes.map((each, index) => each.start(this.#data(index))));
  }

  async kill(member = 0): Promise<void> {
    await this.#process(member).end("SIGKILL");
  }

  pause(member = 0): void {
    this.#process(member).pause();
  }

  resume(member = 0): void {
    this.#process(member).resume();
  }

  async restart(member = 0, { afresh = false }: { readonly afresh?: boolean } = {}): Promise<void> {
    await this.#process(member).end("SIGTERM");
    if (afresh) this.#generation += 1;
    await this.#process(member).start(this.#data(member));
  }

  async admin(call: string, body: object, token?: string): Promise<Record<string, unknown>> {
    const headers = { "content-type": "application/json", ...(token === undefined ? {} : { authorization: token }) };
    const response = await fetch(`http://${this.hosts[0] ?? ""}${call}`, { method: "POST", headers, body: JSON.stringify(body) });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${call}: ${JSON.stringify(answer)}`);
    return typeof answer === "object" && answer !== null ? { ...answer } : {};
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.end("SIGKILL")));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #data(member: number): string {
    return path.join(this.#folder, `m${member}-${this.#generation}`);
  }

  #process(member: number): EtcdProcess {
    const found = this.#processes[member];
    if (found === undefined) throw new RangeError(`no member ${member}`);
    return found;
  }
}
