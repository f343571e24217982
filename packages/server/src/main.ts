import { systemClock } from "@dataplane/meta";
import { StoreDamaged, StoreReadOnly, StoreUnavailable } from "@dataplane/storage";
import { CannotStart } from "./cannot-start.js";
import { type Command, parseCommandLine, UsageError, usage } from "./command-line.js";
import { type Config, ConfigError, loadConfig } from "./config/load-config.js";
import { consoleLogger } from "./console-logger.js";
import { runCertificateCommand } from "./identity/certificate-command.js";
import { runUserCommand } from "./identity/user-commands.js";
import { reseal, rotateKeys } from "./keys/key-commands.js";
import { changeKeys, type OpenStorageOptions } from "./keys/open-storage.js";
import { startServer } from "./server.js";
import { runStorageCommand } from "./storage-commands/run-storage-command.js";
import { version } from "./version.js";

export interface MainOptions {
  /** The repository's root: relative paths of the configuration count from it. */
  readonly root: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Called when requests are served. */
  readonly onReady?: () => void;
}

/** The process: reads its arguments, serves until a signal, and sets the exit code. */
export async function main(options: MainOptions): Promise<void> {
  try {
    await run(parseCommandLine(options.argv), options);
  } catch (error) {
    if (!isForAPerson(error)) throw error;
    console.error(error instanceof UsageError ? `${error.message}\n${usage}` : error.message);
    process.exit(1);
  }
}

const forAPerson = [UsageError, ConfigError, CannotStart, StoreUnavailable, StoreReadOnly, StoreDamaged];

/** What its message says enough of: nothing in this program is to be mended. */
const isForAPerson = (error: unknown): error is Error => error instanceof Error && forAPerson.some((kind) => error instanceof kind);

async function run(command: Command, options: MainOptions): Promise<void> {
  switch (command.name) {
    case "help":
      console.log(usage);
      return;
    case "version":
      console.log(version.server);
      return;
    case "users add":
    case "users passwd":
    case "users remove":
    case "users ls": {
      const config = loadConfig({ ...options, file: command.config, overrides: command.overrides });
      if (config.target === "aggregator") throw new ConfigError("users are the API server's: run this with its configuration");
      await changeKeys(withRoot(config, options), ({ directory }) => runUserCommand(command, directory));
      return;
    }
    case "keys rotate": {
      const config = loadConfig({ ...options, file: command.config, overrides: command.overrides });
      console.log(await changeKeys(withRoot(config, options), (keys) => rotateKeys(config, keys)));
      return;
    }
    case "keys secret-key": {
      const config = loadConfig({ ...options, file: command.config, overrides: command.overrides });
      await reseal(withRoot(config, options));
      console.log(
        "The keys are sealed under the next secret_key. Running servers go on; put it into the configuration of each before it starts again.",
      );
      return;
    }
    case "certs issue": {
      const config = loadConfig({ ...options, file: command.config, overrides: command.overrides });
      if (config.target === "aggregator") throw new ConfigError("certificates are issued by the API server: run this with its configuration");
      runCertificateCommand(command, config, options.root);
      return;
    }
    case "storage backup":
    case "storage verify":
    case "storage restore":
    case "storage migrate": {
      const config = loadConfig({ ...options, file: command.config, overrides: command.overrides });
      if (config.target === "aggregator") throw new ConfigError("the store is the API server's: run this with its configuration");
      await runStorageCommand(command, { config, print: (line) => console.log(line), progress: process.stderr, signal: untilSignalled() });
      return;
    }
    case "serve":
      await serve(loadConfig({ ...options, file: command.config, overrides: command.overrides }), options);
  }
}

const withRoot = (config: Config, { root }: MainOptions): OpenStorageOptions => ({ config, root, clock: systemClock, logger: consoleLogger(config) });

function untilSignalled(): AbortSignal {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once("SIGINT", abort).once("SIGTERM", abort);
  return stop.signal;
}

/** A terminal sends SIGINT to the whole group, and npm passes it on: what comes within a second of the first counts once. */
const sameSignalMs = 1_000;

async function serve(config: Config, { root, env, onReady }: MainOptions): Promise<void> {
  // Whoever read the log may go: that is no reason for a server to end.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const logger = consoleLogger(config);
  for (const warning of config.warnings) logger.warn({}, warning);
  const abandoned = new AbortController();
  const stopping = new Promise<void>((resolve) => {
    let first: number | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      if (first === undefined) {
        first = Date.now();
        logger.info({ signal }, "stopping: requests in flight may finish");
        resolve();
      } else if (Date.now() - first > sameSignalMs) {
        abandoned.abort();
      }
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
  });
  const server = await startServer({ config, root, env, logger });
  if (server.roll !== undefined) process.on("SIGHUP", () => void server.roll?.());
  onReady?.();
  console.log(server.banner());
  await stopping;
  await server.stop(abandoned.signal);
  logger.info({}, "stopped");
  process.exit(0);
}
