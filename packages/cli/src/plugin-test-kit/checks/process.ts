import { readdir } from "node:fs/promises";
import {
  emptyCodec,
  GrpcCode,
  GrpcError,
  healthCheckRequestCodec,
  healthCheckResponseCodec,
  links,
  processMethods,
  ServingStatus,
} from "@dataplane/plugin-protocol";
import { isUnimplemented, nameOf, served } from "../answers.js";
import { Broken, type Check, hold, NotServed } from "../check.js";
import { callMs } from "../plugin-under-test.js";

const options = () => ({ signal: new AbortController().signal, timeoutMs: callMs });

/** The handshake is read before any check runs: here is what else it says. */
export const handshakeLine: Check = {
  name: "says where it listens in one handshake line",
  run: ({ plugin }) => Promise.resolve(`${plugin.handshake.address.network}, ${plugin.firstLine.split("|").length} fields`),
};

export const autoMtls: Check = {
  name: "offers a certificate when the host asks for AutoMTLS",
  run: ({ plugin }) => {
    if (plugin.handshake.serverCert === undefined)
      return Promise.reject(new NotServed("it speaks plaintext: hosts accept that on their own socket or loopback"));
    return Promise.resolve(undefined);
  },
};

export const strangers: Check = {
  name: "lets nobody in without the host's certificate",
  async run({ plugin }) {
    const { serverCert, address } = plugin.handshake;
    if (serverCert === undefined) throw new NotServed("it speaks plaintext");
    try {
      const link = await links.native({ address }, 3000);
      try {
        await link.unary(processMethods.healthCheck, healthCheckRequestCodec.encode({ service: "plugin" }), { ...options(), timeoutMs: 3000 });
      } finally {
        link.close();
      }
    } catch (thrown) {
      if (thrown instanceof GrpcError) return undefined;
      throw thrown;
    }
    throw new Broken("it answered a client that showed no certificate");
  },
};

export const processHealth: Check = {
  name: "answers the health check of its process",
  async run({ plugin }) {
    const request = healthCheckRequestCodec.encode({ service: "plugin" });
    const answer = await served("grpc.health.v1", plugin.link.unary(processMethods.healthCheck, request, options()));
    const { status } = healthCheckResponseCodec.decode(answer);
    hold(status === ServingStatus.SERVING, `its status is ${status}, not SERVING`);
    return undefined;
  },
};

export const unknownMethod: Check = {
  name: "answers a call that nobody knows with Unimplemented",
  async run({ plugin }) {
    try {
      await plugin.link.unary("/pluginv2.Data/FromTheFuture", new Uint8Array(), options());
    } catch (thrown) {
      if (isUnimplemented(thrown)) return undefined;
      throw new Broken(`it failed with ${thrown instanceof GrpcError ? nameOf(thrown.code) : String(thrown)}`);
    }
    throw new Broken("it answered");
  },
};

export const interrupt: Check = {
  name: "is not ended by a Ctrl-C in the host's terminal",
  async run({ plugin }) {
    process.kill(plugin.pid, "SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const how = plugin.end();
    hold(how === undefined, `it ${how ?? ""} on SIGINT: a host ends its plugins itself, in order`);
    return undefined;
  },
};

const shutdownMs = 2000;

/** The last one: the process is gone after it. */
export const shutdown: Check = {
  name: "ends in order when it is asked to",
  async run({ plugin }) {
    try {
      await plugin.link.unary(processMethods.shutdown, emptyCodec.encode({}), { ...options(), timeoutMs: shutdownMs });
    } catch (thrown) {
      if (isUnimplemented(thrown)) throw new NotServed("there is no plugin.GRPCController: hosts kill it");
      // It may be gone before its answer is.
      if (!(thrown instanceof GrpcError) || (thrown.code !== GrpcCode.Unavailable && thrown.code !== GrpcCode.Canceled)) throw thrown;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), shutdownMs);
    });
    const how = await Promise.race([plugin.ended, late]);
    clearTimeout(timer);
    hold(how !== undefined, `it still runs ${shutdownMs / 1000} s after it was asked to end: a host kills it then`);
    hold(how === "exited with code 0", `it ${how}`);
    const left = await readdir(plugin.socketDirectory);
    hold(left.length === 0, `it left ${left.join(", ")} behind in the folder of its socket`);
    return undefined;
  },
};
