import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@dataplane/meta";
import { OutcomeUnknown, StoreUnavailable } from "@dataplane/storage";
import { EtcdFault, isLoggedOut, isLost, isRefused } from "./etcd-fault.js";
import { Login, type LoginOptions } from "./login.js";
import type { Member } from "./member.js";
import type { Method } from "./methods.js";

export interface Connected {
  readonly member: Member;
  readonly token: string | undefined;
}

export interface ClusterOptions {
  readonly members: readonly Member[];
  readonly login: LoginOptions | undefined;
  readonly logger: Logger;
}

/** How long a read, or the way to a member that takes a write, may take. */
const patienceMs = 5000;
/** While it is known that nobody answers; longer than the pause between two attempts to connect, so that who is back is found. */
const patienceWhenAwayMs = 1500;
/** One member has so long for a read; then the next one is asked. */
const readAttemptMs = 2000;
/** A member that was silent for so long, while it was asked, hangs. */
const hungMs = 3000;
/** A disk may be slow: who writes waits as long as the member is there. */
const writeMs = 15_000;
const pauseMs = 50;

/** The members of one etcd cluster: the one in use, and which comes next when it is gone. */
export class Cluster {
  readonly #members: readonly Member[];
  readonly #login: Login | undefined;
  readonly #logger: Logger;
  #current: Member;
  /** Why nobody answers; undefined while somebody does. */
  #problem: string | undefined;

  constructor({ members, login, logger }: ClusterOptions) {
    const [first] = members;
    if (first === undefined) throw new RangeError("an etcd cluster has members");
    this.#members = members;
    this.#current = first;
    this.#logger = logger;
    this.#login = login && new Login(login);
  }

  get current(): Member {
    return this.#current;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** Asks until somebody answers. Throws StoreUnavailable, or what etcd refuses by as an EtcdFault. */
  async read<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    return this.#attempt(async (member, token, leftMs) => {
      try {
        return await member.call(method, request, { token, timeoutMs: Math.min(leftMs, readAttemptMs) });
      } catch (thrown) {
        throw thrown instanceof EtcdFault && isLost(thrown) ? new NotNow(thrown) : thrown;
      }
    });
  }

  /** Asks one member, and another one only where the first surely did nothing. Throws StoreUnavailable, OutcomeUnknown or an EtcdFault. */
  async write<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    return this.#attempt(async (member, token) => {
      try {
        return await member.call(method, request, { token, timeoutMs: writeMs });
      } catch (thrown) {
        if (!(thrown instanceof EtcdFault) || isRefused(thrown) || !isLost(thrown)) throw thrown;
        this.suspect(member, thrown.details);
        throw new OutcomeUnknown(`etcd did not answer a write: ${thrown.details}`, { cause: thrown });
      }
    });
  }

  /** A member with a connection, and the token that it wants. Throws StoreUnavailable. */
  async connected(timeoutMs: number = this.#patienceMs): Promise<Connected> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const member = await this.#ready(deadline - performance.now());
      try {
        return { member, token: await this.#login?.token(member, readAttemptMs) };
      } catch (thrown) {
        if (!(thrown instanceof EtcdFault) || performance.now() >= deadline)
          throw thrown instanceof StoreUnavailable ? thrown : this.#unavailable(thrown);
        this.suspect(member, thrown.details);
      }
    }
  }

  /** It is not to be used while there is another one; what waits for it in vain is given up. */
  suspect(member: Member, why: string): void {
    if (!member.suspect) this.#logger.warn({ member: member.address, why }, "a member of etcd does not serve");
    member.suspect = true;
    if (performance.now() - member.heard > hungMs) member.breakOff();
  }

  /** The others are tried again after it answered. */
  async reconsider(ask: (member: Member, token: string | undefined) => Promise<unknown>): Promise<void> {
    const suspects = this.#members.filter((member) => member.suspect && member.isReady);
    await Promise.all(
      suspects.map(async (member) => {
        const token = await this.#login?.token(member, readAttemptMs);
        await ask(member, token);
        member.suspect = false;
        this.#logger.info({ member: member.address }, "a member of etcd serves again");
      }),
    ).catch(() => undefined);
  }

  close(): void {
    for (const member of this.#members) member.close();
  }

  get #patienceMs(): number {
    return this.#problem === undefined ? patienceMs : patienceWhenAwayMs;
  }

  async #attempt<Response>(ask: (member: Member, token: string | undefined, leftMs: number) => Promise<Response>): Promise<Response> {
    const deadline = performance.now() + this.#patienceMs;
    for (;;) {
      const leftMs = deadline - performance.now();
      const { member, token } = await this.connected(leftMs);
      try {
        const response = await ask(member, token, leftMs);
        member.suspect = false;
        this.#answered();
        return response;
      } catch (thrown) {
        if (!this.#again(member, thrown, token)) throw thrown;
        if (performance.now() + pauseMs >= deadline) throw this.#unavailable(thrown);
        await sleep(pauseMs);
      }
    }
  }

  /** Whether the same request may be sent again. */
  #again(member: Member, thrown: unknown, token: string | undefined): boolean {
    const fault = thrown instanceof NotNow ? thrown.fault : thrown;
    if (!(fault instanceof EtcdFault)) return false;
    if (isLoggedOut(fault) && this.#login !== undefined) {
      this.#login.forget(token);
      return true;
    }
    if (!(thrown instanceof NotNow) && !isRefused(fault)) {
      this.#answered();
      return false;
    }
    this.suspect(member, fault.details);
    return true;
  }

  #answered(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#logger.info({ member: this.#current.address }, "etcd answers again");
  }

  #unavailable(cause: unknown): StoreUnavailable {
    const why = cause instanceof Error ? cause.message : "no answer";
    if (this.#problem === undefined) this.#logger.error({ why }, "etcd does not answer");
    this.#problem = `etcd does not answer: ${why}`;
    return new StoreUnavailable(this.#problem, { cause });
  }

  /** The current member while it is well, else the next that is, else whoever is there first. */
  async #ready(timeoutMs: number): Promise<Member> {
    const current = this.#current;
    if (current.isReady && !current.suspect) return current;
    const start = this.#members.indexOf(current);
    const others = [...this.#members.slice(start + 1), ...this.#members.slice(0, start + 1)];
    const next = others.find((member) => member.isReady && !member.suspect) ?? (await this.#firstOf(others, timeoutMs));
    if (next !== current) this.#logger.info({ member: next.address }, "uses another member of etcd");
    this.#current = next;
    return next;
  }

  async #firstOf(members: readonly Member[], timeoutMs: number): Promise<Member> {
    const well = members.filter((member) => !member.suspect);
    const candidates = well.length > 0 ? well : members;
    // One that is not suspect is waited for a moment only, where one that is has a connection at least.
    const waitMs = candidates === members || !members.some((member) => member.isReady) ? timeoutMs : Math.min(timeoutMs, readAttemptMs / 4);
    try {
      return await Promise.any(candidates.map((member) => member.ready(waitMs)));
    } catch (thrown) {
      const ready = members.find((member) => member.isReady);
      if (ready !== undefined) return ready;
      throw this.#unavailable(thrown instanceof AggregateError ? thrown.errors[0] : thrown);
    }
  }
}

/** A read that another member may answer. */
class NotNow extends Error {
  readonly fault: EtcdFault;

  constructor(fault: EtcdFault) {
    super(fault.details, { cause: fault });
    this.fault = fault;
  }
}
