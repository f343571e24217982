import { access, constants, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Where a program is, on the PATH or in one of the folders besides; undefined when it is not installed. */
export async function findProgram(name: string, besides: readonly string[] = []): Promise<string | undefined> {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...besides]) {
    if (folder === "") continue;
    const path = join(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A user of this system; undefined when there is none of that name. */
export async function accountOf(name: string): Promise<Account | undefined> {
  const users = await readFile("/etc/passwd", "utf8");
  const fields = users
    .split("\n")
    .map((line) => line.split(":"))
    .find((each) => each[0] === name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}
