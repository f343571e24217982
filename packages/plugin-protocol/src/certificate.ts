import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";

/** What is to be certified, and by whom. Names are common names; times have seconds. */
export interface CertificateRequest {
  readonly subject: string;
  /** Of the subject; none unless told. */
  readonly organizations?: readonly string[];
  readonly publicKey: KeyObject;
  readonly issuer: { readonly name: string; readonly privateKey: KeyObject };
  /** 16 random bytes unless told. */
  readonly serial?: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly usages: readonly ("serverAuth" | "clientAuth")[];
  readonly isAuthority: boolean;
}

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** An ECDSA key pair on P-256. */
export const newKeyPair = (): KeyPair => generateKeyPairSync("ec", { namedCurve: "P-256" });

const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;
const oid = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  organization: "55040a",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  subjectAltName: "551d11",
  serverAuth: "2b06010505070301",
  clientAuth: "2b06010505070302",
} as const;

/** An X.509 v3 certificate as DER, signed with ECDSA and SHA-256 (RFC 5280). */
export function issueCertificate(request: CertificateRequest): Buffer {
  const algorithm = der(tag.sequence, objectId(oid.ecdsaWithSha256));
  const body = der(
    tag.sequence,
    der(0xa0, integer(Buffer.of(2))),
    integer(Buffer.from(request.serial ?? randomBytes(16))),
    algorithm,
    name(request.issuer.name),
    der(tag.sequence, time(request.notBefore), time(request.notAfter)),
    name(request.subject, request.organizations),
    request.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(tag.sequence, ...extensions(request))),
  );
  const signature = sign("sha256", body, request.issuer.privateKey);
  return der(tag.sequence, body, algorithm, bitString(signature));
}

/** The PEM form of a DER certificate. */
export function certificatePem(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extensions({ isAuthority, usages, dnsNames, ipAddresses }: CertificateRequest): readonly Buffer[] {
  const constraints = isAuthority ? der(tag.sequence, der(tag.boolean, Buffer.of(0xff))) : der(tag.sequence);
  // Bits from the left: digitalSignature 0, keyCertSign 5, cRLSign 6. The first byte counts the unused ones.
  const keyUsage = der(tag.bitString, isAuthority ? Buffer.of(1, 0b1000_0110) : Buffer.of(7, 0b1000_0000));
  const list = [extension(oid.basicConstraints, true, constraints), extension(oid.keyUsage, true, keyUsage)];
  if (usages.length > 0) list.push(extension(oid.extendedKeyUsage, false, der(tag.sequence, ...usages.map((it) => objectId(oid[it])))));
  const names = [...dnsNames.map((it) => der(0x82, Buffer.from(it, "latin1"))), ...ipAddresses.map((it) => der(0x87, addressBytes(it)))];
  if (names.length > 0) list.push(extension(oid.subjectAltName, false, der(tag.sequence, ...names)));
  return list;
}

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  der(tag.sequence, objectId(id), ...(critical ? [der(tag.boolean, Buffer.of(0xff))] : []), der(tag.octetString, value));

const name = (commonName: string, organizations: readonly string[] = []): Buffer =>
  der(tag.sequence, ...organizations.map((it) => attribute(oid.organization, it)), attribute(oid.commonName, commonName));

const attribute = (id: string, value: string): Buffer => der(tag.set, der(tag.sequence, objectId(id), der(tag.utf8, Buffer.from(value))));

function der(type: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(type, body.length), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.of(type, 0x80 | length.length), length, body]);
}

const objectId = (hex: string): Buffer => der(tag.oid, Buffer.from(hex, "hex"));
const bitString = (bytes: Uint8Array): Buffer => der(tag.bitString, Buffer.of(0), bytes);

/** Positive: a leading zero byte keeps the sign bit clear, and no other leading zeros are allowed. */
function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const trimmed = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  return der(tag.integer, (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), trimmed]) : trimmed);
}

// RFC 5280 4.1.2.5: UTCTime to 2049, GeneralizedTime after.
function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, "");
  return at.getUTCFullYear() < 2050 ? der(tag.utcTime, Buffer.from(digits.slice(2))) : der(tag.generalizedTime, Buffer.from(digits));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  if (!isIPv6(address)) throw new RangeError(`${address} is no IP address`);
  const [head = "", tail] = address.split("::");
  const groups = (text: string): readonly string[] => (text === "" ? [] : text.split(":"));
  const left = groups(head);
  const right = groups(tail ?? "");
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return Buffer.from([...left, ...middle, ...right].map((it) => it.padStart(4, "0")).join(""), "hex");
}
