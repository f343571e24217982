import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { ApiError, type HttpRequest, isJsonObject, systemGroups, type UserInfo } from "@dataplane/meta";
import { settings } from "../config/settings.js";
import { writeFileAtomically } from "../write-file.js";

// OWASP's floor for scrypt: N=2^15, r=8, p=1 (about 32 MiB, 50 ms). Paid once a credential: the authenticator keeps what it learnt.
const cost = { N: 1 << 15, r: 8, p: 1, maxmem: 64 << 20 };
const keyLength = 32;

interface StoredUser {
  readonly name: string;
  readonly groups: readonly string[];
  readonly salt: string;
  readonly hash: string;
  /** True while the password is the one everybody knows. */
  readonly defaultPassword: boolean;
}

/** The users with passwords, in `<directory>/users.json` (0600). */
export interface Users {
  /** Undefined when name or password are wrong. Throws Unauthorized when the default password comes from elsewhere than this machine. */
  verify(name: string, password: string, request: HttpRequest): Promise<UserInfo | undefined>;
}

/** Makes the first user at the first start; later `admin_password` has no effect. */
export async function openUsers(options: { readonly directory: string; readonly adminUser: string; readonly adminPassword: string }): Promise<Users> {
  const file = path.join(options.directory, "users.json");
  if (!existsSync(file)) {
    const isDefault = options.adminPassword === settings.adminPassword.default;
    const admin = await hashed(options.adminUser, options.adminPassword, [adminGroup], isDefault);
    writeFileAtomically(file, `${JSON.stringify([admin], null, 2)}\n`, 0o600);
  }
  return {
    async verify(name, password, request) {
      // Read each time: the authenticator caches what it verified, and a changed password counts at once.
      const user = read(file).find((it) => it.name === name);
      if (user === undefined) return undefined;
      if (!(await matches(user, password))) return undefined;
      if (user.defaultPassword && !isLocal(request)) {
        throw new ApiError(
          "Unauthorized",
          "the default password works from this machine only; change it with `dataplane users passwd`, or set [security] admin_password before the first start",
        );
      }
      return { name: user.name, groups: [...user.groups, systemGroups.authenticated] };
    },
  };
}

export const adminGroup = "dataplane:admin";

/** Sets a user's password; false when there is no such user. */
export async function changePassword(options: { readonly directory: string; readonly name: string; readonly password: string }): Promise<boolean> {
  const file = path.join(options.directory, "users.json");
  const users = existsSync(file) ? read(file) : [];
  const user = users.find((it) => it.name === options.name);
  if (user === undefined) return false;
  const next = await hashed(user.name, options.password, user.groups, options.password === settings.adminPassword.default);
  writeFileAtomically(
    file,
    `${JSON.stringify(
      users.map((it) => (it === user ? next : it)),
      null,
      2,
    )}\n`,
    0o600,
  );
  return true;
}

async function hashed(name: string, password: string, groups: readonly string[], defaultPassword: boolean): Promise<StoredUser> {
  const salt = randomBytes(16);
  return { name, groups, salt: salt.toString("base64"), hash: (await derive(password, salt)).toString("base64"), defaultPassword };
}

async function matches(user: StoredUser, password: string): Promise<boolean> {
  const expected = Buffer.from(user.hash, "base64");
  const actual = await derive(password, Buffer.from(user.salt, "base64"));
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, keyLength, cost, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });

function read(file: string): readonly StoredUser[] {
  const value: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (!Array.isArray(value) || !value.every(isStoredUser)) throw new Error(`${file} does not hold users; restore it or remove it to begin anew`);
  return value;
}

const isStoredUser = (value: unknown): value is StoredUser =>
  isJsonObject(value) &&
  typeof value["name"] === "string" &&
  typeof value["salt"] === "string" &&
  typeof value["hash"] === "string" &&
  typeof value["defaultPassword"] === "boolean" &&
  Array.isArray(value["groups"]) &&
  value["groups"].every((it) => typeof it === "string");

const isForwarding = (name: string): boolean => name === "forwarded" || name.startsWith("x-forwarded-");

/** From this machine, and not through a proxy on it that carries somebody else's request. */
export function isLocal({ remoteAddress, headers }: HttpRequest): boolean {
  const address = remoteAddress.startsWith("::ffff:") ? remoteAddress.slice("::ffff:".length) : remoteAddress;
  return (address.startsWith("127.") || address === "::1") && !Object.keys(headers).some(isForwarding);
}
