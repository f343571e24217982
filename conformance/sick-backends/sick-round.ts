import { call } from "../testing/call.js";
import type { CertificateAuthority } from "../testing/certificate-authority.js";
import { until } from "../testing/until.js";
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
  /** 99th percentile of reads of another group while it was sick. */
  readonly others: number;
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
}

/** Makes a well backend sick, looks at what others feel of it, and makes it well again. */
export async function sickRound(sickness: Sickness, options: RoundOptions): Promise<Round> {
  const { url, backend, group } = options;
  await backend.be(sickness === "unresolvable" ? "down" : sickness);
  if (sickness === "unresolvable") await pointService(options, "nowhere.invalid");
  const sickened = performance.now();
  await until(`${sickness} is noticed`, async () => ((await isAvailable(options)) ? undefined : true), 15_000);
  const noticed = performance.now() - sickened;
  const discovery: number[] = [];
  for (let index = 0; index < 20; index++) discovery.push(await milliseconds(`${url}/apis`));
  const others = await othersP99(url);
  const own = (await call(`${url}/apis/${group}/v1/namespaces/default/things`)).status;
  await backend.be("well");
  if (sickness === "unresolvable") await pointService(options, "localhost");
  const mended = performance.now();
  await until(`${sickness} is over`, async () => ((await isAvailable(options)) ? true : undefined), 20_000);
  return { noticed, discovery: Math.max(...discovery), others, own, healed: performance.now() - mended };
}

/** Of 200 reads of a list that has nothing to do with it. */
export async function othersP99(url: string): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < 200; index++) times.push(await milliseconds(`${url}/api/v1/namespaces/default/configmaps?limit=1`));
  return times.toSorted((a, b) => a - b)[197] ?? 0;
}

async function milliseconds(url: string): Promise<number> {
  const started = performance.now();
  const { status } = await call(url);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return performance.now() - started;
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
