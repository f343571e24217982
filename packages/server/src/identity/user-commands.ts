import { text } from "node:stream/consumers";
import { UsageError, type UserCommand } from "../command-line.js";
import { addUser, adminGroup, changePassword, listUsers, removeUser } from "./users.js";

/** `dataplane users …`: a running server obeys at once. Throws UsageError for what cannot be done. */
export async function runUserCommand(command: UserCommand, directory: string): Promise<void> {
  switch (command.name) {
    case "users ls":
      for (const { name, groups } of listUsers(directory)) console.log(`${name}\t${groups.join(",")}`);
      return;
    case "users add": {
      const { user: name, groups } = command;
      const refusal =
        listUsers(directory).length === 0 ? "there are no users yet: start the server once, which makes the first" : problemOfUser(name, groups);
      if (refusal !== undefined) throw new UsageError(refusal);
      if (!(await addUser({ directory, name, groups, password: await readPassword() })))
        throw new UsageError(`there is a user ${quoted(name)} already`);
      console.log(`${name} may log in now, with the rights of ${groups.join(", ")}.`);
      return;
    }
    case "users passwd":
      if (!(await changePassword({ directory, name: command.user, password: await readPassword() }))) throw new UsageError(missing(command.user));
      console.log(`The password of ${command.user} is changed; a running server obeys at once.`);
      return;
    case "users remove":
      if (isLastAdmin(command.user, directory)) throw new UsageError(`${command.user} is the last admin`);
      if (!removeUser({ directory, name: command.user })) throw new UsageError(missing(command.user));
      console.log(`${command.user} may not log in any more.`);
  }
}

async function readPassword(): Promise<string> {
  const password = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (password.length === 0) throw new UsageError("the password, on standard input, is empty");
  return password;
}

/** Names and groups with a colon of the system's own kind are given by the system alone. */
export function problemOfUser(name: string, groups: readonly string[]): string | undefined {
  if (!/^[\w.@-]{1,128}$/.test(name)) return "a name is letters, digits and . _ @ -";
  if (groups.length === 0) return "a user without a group may do nothing: --groups dataplane:viewer, dataplane:editor or dataplane:admin";
  return groups.some((group) => group.startsWith("system:")) ? "groups that begin with system: are given by the server alone" : undefined;
}

function isLastAdmin(name: string, directory: string): boolean {
  const admins = listUsers(directory).filter(({ groups }) => groups.includes(adminGroup));
  return admins.length === 1 && admins[0]?.name === name;
}

const missing = (name: string): string => `there is no user ${quoted(name)}`;
const quoted = (name: string): string => JSON.stringify(name);
