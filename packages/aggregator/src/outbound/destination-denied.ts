/** The rules forbid where a connection would go. Names no host: it may be none of the caller's business. */
export class DestinationDenied extends Error {
  override readonly name = "DestinationDenied";
  readonly code = "DESTINATION_DENIED";

  constructor() {
    super("the destination is not allowed");
  }
}
