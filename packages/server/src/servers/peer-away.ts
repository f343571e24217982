/** Another server of the store cannot be reached, or its answer broke off. */
export class PeerAway extends Error {
  override readonly name = "PeerAway";
  /** It was not asked: another one may be. */
  readonly isUnsent: boolean;

  constructor(url: string, message: string, options: { readonly cause?: unknown; readonly isUnsent?: boolean } = {}) {
    super(`${new URL(url).host}: ${message}`, { cause: options.cause });
    this.isUnsent = options.isUnsent === true;
  }
}
