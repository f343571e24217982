import { call } from "../testing/call.js";
import type { CertificateAuthority } from "../testing/certificate-authority.js";
import { until } from "../testing/until.js";
import { milliseconds, type Others, readOthers } from "./others.js";
import type { Certificates, SickBackend, Sickness } from "./sick-backend.js";

/** Certificates of each kind of wrong. An expired one is made with a validity that is over. */
export async function certificatesOf(authority: CertificateAuthority, stranger: CertificateAuthority, service: string): Promise<Certificates> {
  const names = [`DNS:${service}.default.svc`, "DNS:localhost"];
  return {
    well: await authority.issue(`${service}-well`, names),
    expired: await authority.issue(`${service}-expired`, names, -1),
    "wrong-authority": await stranger.issue(`${service}-stranger`, names),
    "wrong-name": await authority.issue(`${service}-other`, ["DNS:other.example.com"]),
  };
}

/** What one round saw; milliseconds. */
export interface Round {
  /** Until the APIService was said to be unavailable. */
  readonly noticed: number;
  /** The slowest of some `/apis` while it was sick. */
  readonly discovery: number;
  readonly others: Others;
  /** The status of a request for its own kind. */
  readonly own: number;
  /** Until it was available again, from when it was well. */
  readonly healed: number;
}

export interface RoundOptions {
  readonly url: string;
  readonly backend: SickBackend;
  readonly service: string;
  readonly apiService: string;
  readonly group: string;
  /** How often others read while it is well, and as often while it is sick; 1,000 unless told. */
  readonly reads?: number;
}

/** Makes a well backend sick, looks at what others feel of it, and makes it well again. */
export async function sickRound(sickness: Sickness, options: RoundOptions): Promise<Round> {
  const { url, backend, group, reads = 1_000 } = options;
  const before = await readOthers(url, reads / 2);
  await backend.be(sickness === "unresolvable" ? "down" : sickness);
  if (sickness === "unresolvable") await pointService(options, "nowhere.invalid");
  const sickened = performance.now();
  await until(`${sickness} is noticed`, async () => ((await isAvailable(options)) ? undefined : true));
  const noticed = performance.now() - sickened;
  const discovery: number[] = [];
  for (let index = 0; index < 20; index++) discovery.push(await milliseconds(`${url}/apis`));
  const sick = await readOthers(url, reads);
  const own = (await call(`${url}/apis/${group}/v1/namespaces/default/things`)).status;
  await backend.be("well");
  if (sickness === "unresolvable") await pointService(options, "localhost");
  const mended = performance.now();
  await until(`${sickness} is over`, async () => ((await isAvailable(options)) ? true : undefined), 20_000);
  const healed = performance.now() - mended;
  return { noticed, discovery: Math.max(...discovery), others: { before, sick, after: await readOthers(url, reads / 2) }, own, healed };
}

async function isAvailable({ url, apiService }: RoundOptions): Promise<boolean> {
  const answer = await call(`${url}/apis/apiregistration.k8s.io/v1/apiservices/${apiService}`);
  const { status } = answer.json() as { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } };
  return status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") === true;
}

const pointService = async ({ url, service }: RoundOptions, externalName: string): Promise<void> => {
  const headers = { "content-type": "application/merge-patch+json" };
  await call(`${url}/api/v1/namespaces/default/services/${service}`, { method: "PATCH", headers, body: { spec: { externalName } } });
};
