import { rmSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkHistory, type HistoryCheck, hasChecker } from "./faults/check-history.js";
import { History, type LoggedChange, type Operation } from "./faults/history.js";
import { describeWith } from "./testing/needs.js";
import { temporaryFolder } from "./testing/start-server.js";

const needsChecker = { name: "the checker of histories (conformance/build-tools.sh builds it)", isThere: hasChecker };
const folder = temporaryFolder("planted");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** What the checker says of these operations, and of the store's own history where it is given. */
async function checked(operations: readonly Operation[], log?: readonly LoggedChange[]): Promise<HistoryCheck> {
  files += 1;
  const history = new History(path.join(folder, String(files)));
  for (const operation of operations) history.record(operation);
  if (log !== undefined) history.recordLog(log);
  history.close();
  return checkHistory(history.file);
}

type Told = Partial<Operation> & Pick<Operation, "kind">;

/** One after another, by two clients in turn. */
const inTurn = (...operations: readonly Told[]): readonly Operation[] =>
  operations.map((operation, index) => ({ client: index % 2, call: index * 10, return: index * 10 + 5, key: "a", outcome: "ok", ...operation }));

const created: Told = { kind: "create", value: "first", revision: 11 };
const updated: Told = { kind: "update", value: "second", expected: 11, revision: 12 };
const read = (value: string, revision: number): Told => ({ kind: "get", value, revision });
const log: readonly LoggedChange[] = [
  { revision: 11, key: "a", value: "first" },
  { revision: 12, key: "a", value: "second" },
];

describeWith([needsChecker], "the checker of histories", () => {
  test("accepts what a store may do, with its own history and without", async () => {
    const operations = inTurn(
      { kind: "get", outcome: "missing" },
      created,
      read("first", 11),
      { kind: "create", value: "other", outcome: "exists" },
      updated,
      { kind: "update", value: "late", expected: 11, outcome: "conflict" },
      read("second", 12),
      { kind: "list", revision: 15, items: [{ key: "a", revision: 12, value: "second" }] },
      { kind: "delete", expected: 12 },
      { kind: "get", outcome: "missing" },
    );
    expect(await checked(operations)).toMatchObject({ operations: 10, violations: [], undecided: [] });
    expect((await checked(operations, [...log, { revision: 16, key: "a" }])).violations).toEqual([]);
  });

  test("accepts either order of what happened at once", async () => {
    const write = { client: 1, call: 20, return: 60, kind: "update", key: "a", value: "second", revision: 12, outcome: "ok" } as const;
    const seenNew = { client: 2, call: 30, return: 40, kind: "get", key: "a", value: "second", revision: 12, outcome: "ok" } as const;
    const seenOld = { ...seenNew, call: 22, return: 50, value: "first", revision: 11 };
    const [first] = inTurn(created);
    expect((await checked([...(first === undefined ? [] : [first]), write, seenNew, seenOld], log)).violations).toEqual([]);
  });

  test("accepts a write without an answer that took place later, at once or never", async () => {
    const unanswered: Operation = { client: 7, call: 12, kind: "update", key: "a", value: "second", outcome: "unknown" };
    const start = inTurn({ kind: "get", outcome: "missing" }, created);
    const later = (value: string, revision: number): readonly Operation[] => [
      ...start,
      unanswered,
      { client: 1, call: 90, return: 95, kind: "get", key: "a", value, revision, outcome: "ok" },
    ];
    for (const history of [later("first", 11), later("second", 12)]) expect((await checked(history)).violations).toEqual([]);
    expect((await checked(later("second", 12), log)).violations).toEqual([]);
    // It cannot both be there and not.
    expect(
      (await checked([...later("second", 12), ...inTurn().slice(0, 0), { ...later("first", 11).slice(-1)[0], call: 100, return: 105 } as Operation]))
        .violations,
    ).not.toEqual([]);
  });

  test("rejects a stale read, with the store's own history and without", async () => {
    const operations = inTurn(created, updated, read("first", 11));
    expect((await checked(operations)).violations).toEqual([expect.stringContaining("not linearizable")]);
    expect((await checked(operations, log)).violations.join()).toContain("revision 12 was there before");
  });

  test("rejects a read of nothing where something is, and a deletion that comes back", async () => {
    expect((await checked(inTurn(created, { kind: "get", outcome: "missing" }))).violations).not.toEqual([]);
    expect((await checked(inTurn(created, { kind: "delete", expected: 11 }, read("first", 11)))).violations).not.toEqual([]);
  });

  test("rejects a lost write: acknowledged, and not in the store's own history", async () => {
    const { violations } = await checked(inTurn(created, updated), log.slice(0, 1));
    expect(violations).toEqual([expect.stringContaining("an acknowledged write is not in the store's history")]);
  });

  test("rejects an update that overwrote what it did not expect", async () => {
    const lost = inTurn(created, updated, { kind: "update", value: "third", expected: 11, revision: 13 });
    expect((await checked(lost)).violations).not.toEqual([]);
  });

  test("rejects a revision that two writes were given, and one that goes back", async () => {
    const reused = inTurn(created, { kind: "create", key: "b", value: "other", revision: 11 });
    expect((await checked(reused)).violations).toEqual([expect.stringContaining("revision 11 was given twice")]);
    const back = inTurn({ kind: "create", key: "b", value: "other", revision: 12 }, created);
    const backLog = [
      { revision: 11, key: "a", value: "first" },
      { revision: 12, key: "b", value: "other" },
    ];
    expect((await checked(back, backLog)).violations.join()).toContain("revision 12 was there before");
  });

  test("rejects a list that misses an object, mixes two states, or is older than what was acknowledged", async () => {
    const both = inTurn(created, { kind: "create", key: "b", value: "other", revision: 12 });
    const bothLog = [
      { revision: 11, key: "a", value: "first" },
      { revision: 12, key: "b", value: "other" },
    ];
    const [a, b] = [
      { key: "a", revision: 11, value: "first" },
      { key: "b", revision: 12, value: "other" },
    ];
    const withList = (list: Told): readonly Operation[] => [...both, { client: 9, call: 50, return: 55, outcome: "ok", ...list }];
    expect((await checked(withList({ kind: "list", revision: 12, items: [a, b] }), bothLog)).violations).toEqual([]);
    expect((await checked(withList({ kind: "list", revision: 12, items: [b] }), bothLog)).violations.join()).toContain("lacks a");
    expect((await checked(withList({ kind: "list", revision: 11, items: [a, b] }), bothLog)).violations.join()).toContain("is not its state then");
    expect((await checked(withList({ kind: "list", revision: 11, items: [a] }), bothLog)).violations.join()).toContain(
      "revision 12 was there before",
    );
    // A list that may be old may be that, but must be what was then.
    expect((await checked(withList({ kind: "snapshot", revision: 11, items: [a] }), bothLog)).violations).toEqual([]);
    expect((await checked(withList({ kind: "snapshot", expected: 12, revision: 11, items: [a] }), bothLog)).violations).not.toEqual([]);
  });

  test("rejects a refused write that was made, and a value that nobody wrote", async () => {
    const refused = inTurn(created, { kind: "update", value: "second", outcome: "failed" });
    expect((await checked(refused, log)).violations.join()).toContain("a write that was refused was made");
    expect((await checked(inTurn(created), log)).violations.join()).toContain("nobody wrote second");
  });

  test("rejects a read that is older than an event that a watch had brought", async () => {
    const operations = inTurn(created, { ...updated, outcome: "unknown" }, { kind: "seen", revision: 12 }, read("first", 11));
    const unanswered = operations.map(({ return: end, ...rest }) =>
      rest.outcome === "unknown" || end === undefined ? rest : { ...rest, return: end },
    );
    expect((await checked(unanswered, log)).violations.join()).toContain("revision 12 was there before");
  });
});
