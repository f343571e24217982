/** A provisioning file that cannot be used; the message says where and why, and never holds a value of the file. */
export class ProvisioningError extends Error {
  override readonly name = "ProvisioningError";
}
