/** What a plugin's environment is to hold could not be had, so that it was not started; no fault of the plugin's. */
export class CredentialsUnavailable extends Error {
  override readonly name = "CredentialsUnavailable";
}
