import { StoreUnavailable } from "@dataplane/storage";
import { EtcdFault, isLost } from "./etcd-fault.js";
import type { Member } from "./member.js";
import { authenticate } from "./methods.js";

export interface LoginOptions {
  readonly user: string;
  readonly password: string;
}

/** The token of a user, which all members take; taken anew when one does not. */
export class Login {
  readonly #options: LoginOptions;
  #token: Promise<string> | undefined;
  #current: string | undefined;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /** Throws StoreUnavailable when the password is refused, an EtcdFault when the member does not answer. */
  token(member: Member, timeoutMs: number): Promise<string> {
    this.#token ??= this.#authenticate(member, timeoutMs).catch((thrown: unknown) => {
      this.#token = undefined;
      throw thrown;
    });
    return this.#token;
  }

  /** The token was refused; nothing happens when there is a newer one. */
  forget(token: string | undefined): void {
    if (token === this.#current) this.#token = undefined;
  }

  async #authenticate(member: Member, timeoutMs: number): Promise<string> {
    const { user, password } = this.#options;
    try {
      const { token } = await member.call(authenticate, { name: user, password }, { token: undefined, timeoutMs });
      this.#current = token;
      return token;
    } catch (thrown) {
      if (!(thrown instanceof EtcdFault) || isLost(thrown)) throw thrown;
      throw new StoreUnavailable(`etcd refuses the login of ${user}: ${thrown.details}`, { cause: thrown });
    }
  }
}
