import { Client, type ClientDuplexStream, type ClientOptions, connectivityState, Metadata } from "@grpc/grpc-js";
import type { ChannelSecurity } from "./credentials.js";
import { EtcdFault, faultOf, GrpcCode } from "./etcd-fault.js";
import type { WatchRequest, WatchResponse } from "./messages.js";
import { type Method, status, watch } from "./methods.js";

const options: ClientOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.enable_http_proxy": 0,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.service_config_disable_resolution": 1,
  // Who calls decides what may be asked twice.
  "grpc.enable_retries": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  // etcd turns away those who ping more often than every 5 s; a member that hangs is noticed sooner, by its missing answers.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5000,
  "grpc-node.flow_control_window": 4 << 20,
};

const reasonMs = 100;

/** One member of the cluster, and the connection to it, which is made again by itself. */
export class Member {
  readonly address: string;
  readonly #client: Client;
  readonly #underWay = new Set<{ cancel(): void }>();
  /** When it last sent anything; milliseconds of a clock that only goes forward. */
  heard = Number.NEGATIVE_INFINITY;
  /** It did not answer, or cannot reach the others: to be used only when there is no better one. */
  suspect = false;

  constructor(address: string, security: ChannelSecurity) {
    this.address = address;
    this.#client = new Client(address, security.credentials, { ...options, ...security.options });
  }

  get isReady(): boolean {
    return this.#client.getChannel().getConnectivityState(true) === connectivityState.READY;
  }

  /** Rejects with an EtcdFault when there is no connection in time. */
  async ready(timeoutMs: number): Promise<this> {
    if (this.isReady) return this;
    const isReady = await new Promise<boolean>((resolve) => {
      this.#client.waitForReady(Date.now() + timeoutMs, (error) => resolve(error === undefined));
    });
    if (!isReady) throw await this.#whyNot();
    return this;
  }

  /** Rejects with an EtcdFault. */
  call<Request, Response>(method: Method<Request, Response>, request: Request, { token, timeoutMs }: CallOptions): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { path, request: requests, response: responses } = method;
      const deadline = Date.now() + timeoutMs;
      const call = this.#client.makeUnaryRequest(
        path,
        requests.encode,
        responses.decode,
        request,
        metadataOf(token),
        { deadline },
        (error, response) => {
          this.#underWay.delete(call);
          if (error === null && response !== undefined) {
            this.heard = performance.now();
            resolve(response);
            return;
          }
          const fault = faultOf(error);
          // What etcd itself says begins so; all else may be of our own library.
          if (fault.details.startsWith("etcdserver: ")) this.heard = performance.now();
          reject(fault);
        },
      );
      this.#underWay.add(call);
    });
  }

  /** A stream of watches. What is to end it cancels it. */
  watch(token: string | undefined): ClientDuplexStream<WatchRequest, WatchResponse> {
    const stream = this.#client.makeBidiStreamRequest(watch.path, watch.request.encode, watch.response.decode, metadataOf(token));
    this.#underWay.add(stream);
    stream.on("data", () => {
      this.heard = performance.now();
    });
    stream.on("close", () => this.#underWay.delete(stream));
    return stream;
  }

  /** What the last attempt to connect failed by, which only a call is told. */
  async #whyNot(): Promise<EtcdFault> {
    const why = await this.call(status, {}, { token: undefined, timeoutMs: reasonMs }).then(
      () => "it was too slow",
      (thrown: unknown) => (thrown instanceof EtcdFault && thrown.code === GrpcCode.Unavailable ? thrown.details : "no answer"),
    );
    return new EtcdFault(GrpcCode.Unavailable, `no connection to ${this.address}: ${why.replace(/\. Resolution note: .*$/, "")}`);
  }

  /** Gives up what waits for it. */
  breakOff(): void {
    for (const call of this.#underWay) call.cancel();
  }

  close(): void {
    this.breakOff();
    this.#client.close();
  }
}

export interface CallOptions {
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

/** A member that has no leader is to say so, instead of waiting for one. */
const requireLeader = new Metadata();
requireLeader.set("hasleader", "true");

function metadataOf(token: string | undefined): Metadata {
  if (token === undefined) return requireLeader;
  const metadata = requireLeader.clone();
  metadata.set("token", token);
  return metadata;
}
