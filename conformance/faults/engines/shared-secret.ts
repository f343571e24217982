/** What servers of one database must have in common. */
export const sharedSecret: NodeJS.ProcessEnv = { GF_SECURITY_SECRET_KEY: "a secret of tests, longer than 32 characters" };

/** The same URL, by another port of this machine. */
export function throughPort(url: string, port: number | undefined): string {
  if (port === undefined) return url;
  const other = new URL(url);
  other.host = `127.0.0.1:${String(port)}`;
  return other.href;
}
