// What a worker's process runs. It is told everything by the control process, and ends with it.
import type { Socket } from "node:net";
import { systemClock } from "@dataplane/meta";
import { consoleLogger } from "../console-logger.js";
import { Lifetime } from "../lifetime.js";
import { serveHttp, serveHttps } from "../listen/listeners.js";
import { LiveValue } from "../tls/live.js";
import { composeWorker, type WorkerComposition } from "./compose-worker.js";
import { GivenConnections } from "./given-connections.js";
import type { FromWorker, ListenerName, ToWorker, WorkerCertificates, WorkerStart } from "./messages.js";

/** Clients of kept connections hear with their next answer that this one ends; who is silent for so long is not in the middle of asking. */
const idleGraceMs = 1_000;

class Worker {
  readonly #composition: WorkerComposition;
  readonly #certificates: LiveValue<WorkerCertificates>;
  readonly #connections: ReadonlyMap<ListenerName, GivenConnections>;
  readonly #lifetime: Lifetime;
  #isLeaving = false;

  constructor(start: WorkerStart) {
    const logger = consoleLogger(start.config).child({ worker: process.pid });
    this.#certificates = new LiveValue(start.certificates);
    const listener = new LiveValue(start.certificates.listener);
    this.#certificates.onChange((next) => listener.set(next.listener));
    this.#composition = composeWorker({ start, certificates: () => this.#certificates.current, clock: systemClock, logger });
    this.#lifetime = new Lifetime(logger);
    const { handler } = this.#composition;
    this.#connections = new Map([
      ["http", new GivenConnections(serveHttp({ handler, logger }))],
      ["https", new GivenConnections(serveHttps({ handler, logger, credentials: listener }))],
    ]);
  }

  async run(): Promise<void> {
    await this.#composition.start(this.#lifetime);
    tell({ type: "ready" });
  }

  receive(message: ToWorker, socket: Socket | undefined): void {
    switch (message.type) {
      case "connection":
        tell({ type: "took", id: message.id });
        // Its client may have gone while it was on the way.
        if (socket === undefined) tell({ type: "closed" });
        else this.#connections.get(message.listener)?.take(socket, () => tell({ type: "closed" }));
        return;
      case "plugin":
        this.#composition.plugins.put(message.plugin);
        return;
      case "no plugin":
        this.#composition.plugins.remove(message.id);
        return;
      case "certificates":
        this.#certificates.set(message.certificates);
        return;
      case "stored":
        this.#composition.storedIs(message.stored);
        return;
      case "question":
        void this.#composition.answer(message.question).then(
          (text) => tell({ type: "answer", id: message.id, text }),
          () => tell({ type: "answer", id: message.id, text: "" }),
        );
        return;
      case "drain":
        for (const connections of this.#connections.values()) connections.drain();
        return;
      case "leave":
        void this.#leave();
        return;
      case "start":
    }
  }

  async #leave(): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    const all = [...this.#connections.values()];
    for (const connections of all) connections.drain();
    await Promise.all(all.map((connections) => connections.close(idleGraceMs)));
    process.exit(0);
  }
}

const tell = (message: FromWorker): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

let worker: Worker | undefined;
process.on("message", (message, socket) => {
  const told = message as ToWorker;
  if (told.type === "start") {
    worker = new Worker(told);
    void worker.run();
  } else {
    worker?.receive(told, socket as Socket | undefined);
  }
});
// A terminal signals the whole group; when it is the worker alone that is to end, the control process starts another.
const leave = (): void => tell({ type: "leaving" });
process
  .on("SIGINT", leave)
  .on("SIGTERM", leave)
  .on("SIGHUP", () => undefined);
// Without the process that has the store and the plugins there is nothing to serve.
process.on("disconnect", () => process.exit(0));
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
