/** Something a person has to mend before the server can start; the message says what. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}
