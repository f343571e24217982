import { existsSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import type { CertificateFiles } from "./certificate-authority.js";
import type { Need } from "./needs.js";
import { tools } from "./root.js";
import { bareEnvironment, type RunningProcess, runProcess } from "./run-process.js";
import { temporaryFolder } from "./start-server.js";
import { until } from "./until.js";

const program = (name: string): string => path.join(tools, name);
const needsProgram = (name: string): Need => ({ name: `${name} (conformance/build-tools.sh builds it)`, isThere: () => existsSync(program(name)) });

/** Real API servers on k8s.io/apiserver, and the store of those that have one. */
export const needsExtensionServers: readonly Need[] = [needsProgram("extension-servers"), needsProgram("etcd")];

export interface Etcd {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startEtcd(): Promise<Etcd> {
  const folder = temporaryFolder("etcd");
  const [client, peer] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const etcd = runProcess(
    program("etcd"),
    [
      ...["--data-dir", folder, "--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`],
      ...["--unsafe-no-fsync", "--log-level", "error"],
    ],
    { env: bareEnvironment() },
  );
  await until("etcd is healthy", async () => ((await fetch(`${url}/health`)).ok ? true : undefined));
  return {
    url,
    async stop() {
      etcd.child.kill("SIGKILL");
      await etcd.end;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface ExtensionServerOptions {
  readonly which: "sample" | "apiextensions" | "metrics";
  /** Of the server in front, which is asked who callers are and what they may. */
  readonly kubeconfig: string;
  readonly certificate: CertificateFiles;
  /** For those that store; none for metrics. */
  readonly etcd?: string;
  /** A free one unless told: to come back where another was. */
  readonly port?: number;
  readonly flags?: readonly string[];
}

export interface ExtensionServer {
  readonly port: number;
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Resolves when it listens; by then it has read how callers are told from the server in front. */
export async function startExtensionServer(options: ExtensionServerOptions): Promise<ExtensionServer> {
  const { which, kubeconfig, certificate, etcd } = options;
  const port = options.port ?? (await freePort());
  const server = runProcess(
    program("extension-servers"),
    [
      ...[which, "--secure-port", String(port), "--bind-address", "127.0.0.1"],
      ...["--tls-cert-file", certificate.cert, "--tls-private-key-file", certificate.key],
      ...["--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig],
      // Their informers wait for kinds of policies, which are not served in front.
      ...(which === "metrics"
        ? []
        : ["--kubeconfig", kubeconfig, "--disable-admission-plugins", "ValidatingAdmissionPolicy,MutatingAdmissionPolicy"]),
      ...(etcd === undefined ? [] : ["--etcd-servers", etcd]),
      ...(options.flags ?? []),
    ],
    { env: bareEnvironment() },
  );
  await until(`the ${which} server serves`, () => (server.stderr().includes("Serving securely") ? true : requireAlive(server, which)), 30_000);
  return {
    port,
    log: () => server.stdout() + server.stderr(),
    signal: (signal) => void server.child.kill(signal),
    async kill() {
      server.child.kill("SIGKILL");
      await server.end;
    },
  };
}

function requireAlive(server: RunningProcess, which: string): undefined {
  if (server.child.exitCode !== null) throw new Error(`the ${which} server ended with ${server.child.exitCode}: ${server.stderr()}`);
  return undefined;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
