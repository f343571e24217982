import { hash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { ApiError, type HttpRequest, isJsonObject, systemGroups, type UserInfo } from "@dataplane/meta";
import { settings } from "../config/settings.js";
import { writeFileAtomically } from "../write-file.js";
import { isLocal } from "./request-origin.js";

// OWASP's floor for scrypt: about 32 MiB and 50 ms, paid once for each credential.
const cost = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const keyLength = 32;
const verifiedLimit = 1_000;
/** Another process that changes a password has ended before somebody can use the new one: so long the file need not be looked at again. */
const lookAgainMs = 10;
/** Of files that this process wrote: what was seen before is old at once. */
let written = 0;

interface StoredUser {
  readonly name: string;
  readonly groups: readonly string[];
  readonly salt: string;
  readonly hash: string;
  /** True while the password is the one everybody knows. */
  readonly defaultPassword: boolean;
}

export const adminGroup = "dataplane:admin";

/** Makes the first user at the first start; later `admin_password` has no effect. */
export async function openUsers(options: { readonly directory: string; readonly adminUser: string; readonly adminPassword: string }): Promise<Users> {
  const file = fileIn(options.directory);
  if (!existsSync(file)) {
    const isDefault = options.adminPassword === settings.adminPassword.default;
    save(file, [await hashed({ name: options.adminUser, groups: [adminGroup], password: options.adminPassword, isDefault })]);
  }
  return new Users(file);
}

/** The users with passwords, in `<directory>/users.json` (0600). */
export class Users {
  readonly #file: string;
  #loaded: { readonly changed: number; readonly users: readonly StoredUser[]; readonly written: number; looked: number } | undefined;
  /** By a keyed digest of name and password: which stored hash they were found to match. No password stays in memory. */
  readonly #verified = new Map<string, string>();
  readonly #digestKey = randomBytes(32).toString("base64");
  /** One object for each, as long as the file stays as it is: what others keep of a user, they keep by that. */
  readonly #infos = new WeakMap<StoredUser, UserInfo>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Undefined when name or password are wrong. Throws Unauthorized when the default password comes from elsewhere than this machine. */
  async verify(name: string, password: string, request: HttpRequest): Promise<UserInfo | undefined> {
    const user = this.#users().find((it) => it.name === name);
    if (user === undefined) return undefined;
    const digest = this.#digest(user, password);
    if (this.#verified.get(digest) !== user.hash && !(await this.#matches(user, password, digest))) return undefined;
    if (user.defaultPassword && !isLocal(request)) {
      throw new ApiError(
        "Unauthorized",
        "the default password works from this machine only: change it with `dataplane users passwd`, or set [security] admin_password before the first start",
      );
    }
    return this.#infoOf(user);
  }

  #infoOf(user: StoredUser): UserInfo {
    const known = this.#infos.get(user);
    if (known !== undefined) return known;
    const info = { name: user.name, groups: [...user.groups, systemGroups.authenticated] };
    this.#infos.set(user, info);
    return info;
  }

  /** Looked up again whenever the file changes: a new password counts at once, and the old one no longer. */
  #users(): readonly StoredUser[] {
    const now = performance.now();
    if (this.#loaded?.written === written && now - this.#loaded.looked < lookAgainMs) return this.#loaded.users;
    const changed = statSync(this.#file).mtimeMs;
    if (this.#loaded?.changed === changed && this.#loaded.written === written) this.#loaded.looked = now;
    else this.#loaded = { changed, users: read(this.#file), written, looked: now };
    return this.#loaded.users;
  }

  /** The key stays in this process and no digest leaves it, so a hash over both is as good as an HMAC, for a fifth of its price. */
  #digest(user: StoredUser, password: string): string {
    return hash("sha256", `${this.#digestKey}${user.name}\0${password}`, "base64");
  }

  async #matches(user: StoredUser, password: string, digest: string): Promise<boolean> {
    const expected = Buffer.from(user.hash, "base64");
    const actual = await derive(password, Buffer.from(user.salt, "base64"));
    if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return false;
    if (this.#verified.size >= verifiedLimit) this.#verified.clear();
    this.#verified.set(digest, user.hash);
    return true;
  }
}

/** Sets a user's password; false when there is no such user. */
export async function changePassword(options: { readonly directory: string; readonly name: string; readonly password: string }): Promise<boolean> {
  const file = fileIn(options.directory);
  const users = usersIn(options.directory);
  const user = users.find((it) => it.name === options.name);
  if (user === undefined) return false;
  const next = await hashed({
    name: user.name,
    groups: user.groups,
    password: options.password,
    isDefault: options.password === settings.adminPassword.default,
  });
  save(
    file,
    users.map((it) => (it === user ? next : it)),
  );
  return true;
}

/** Makes a user; false when there is one of that name. */
export async function addUser(options: {
  readonly directory: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly password: string;
}): Promise<boolean> {
  const { directory, name, groups, password } = options;
  const users = usersIn(directory);
  if (users.some((it) => it.name === name)) return false;
  save(fileIn(directory), [...users, await hashed({ name, groups, password, isDefault: password === settings.adminPassword.default })]);
  return true;
}

/** Removes a user; false when there is none of that name. */
export function removeUser({ directory, name }: { readonly directory: string; readonly name: string }): boolean {
  const users = usersIn(directory);
  const others = users.filter((it) => it.name !== name);
  if (others.length === users.length) return false;
  save(fileIn(directory), others);
  return true;
}

export const listUsers = (directory: string): readonly Pick<UserInfo, "name" | "groups">[] =>
  usersIn(directory).map(({ name, groups }) => ({ name, groups }));

const usersIn = (directory: string): readonly StoredUser[] => (existsSync(fileIn(directory)) ? read(fileIn(directory)) : []);

const fileIn = (directory: string): string => path.join(directory, "users.json");

function save(file: string, users: readonly StoredUser[]): void {
  writeFileAtomically(file, `${JSON.stringify(users, null, 2)}\n`, 0o600);
  written += 1;
}

async function hashed(user: {
  readonly name: string;
  readonly groups: readonly string[];
  readonly password: string;
  readonly isDefault: boolean;
}): Promise<StoredUser> {
  const salt = randomBytes(16);
  const hash = await derive(user.password, salt);
  return { name: user.name, groups: user.groups, salt: salt.toString("base64"), hash: hash.toString("base64"), defaultPassword: user.isDefault };
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
  if (!Array.isArray(value) || !value.every(isStoredUser)) throw new Error(`${file} does not hold users: restore it, or remove it to begin anew`);
  return value;
}

const isStoredUser = (value: unknown): value is StoredUser =>
  isJsonObject(value) &&
  ["name", "salt", "hash"].every((key) => typeof value[key] === "string") &&
  typeof value["defaultPassword"] === "boolean" &&
  Array.isArray(value["groups"]) &&
  value["groups"].every((it) => typeof it === "string");
