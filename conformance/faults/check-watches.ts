import type { LoggedChange } from "./history.js";
import type { WatchEvent, WatchSession } from "./watchers.js";

export interface WatchCheck {
  readonly sessions: number;
  readonly events: number;
  /** Ends by 410, which a client may be told. */
  readonly gone: number;
  readonly faults: readonly string[];
}

/**
 * Holds what watches brought against the store's own history: each change after where the watch began, once, in order, of the right type;
 * none left out before the last event or bookmark; and all of them where the watch was open when the run had settled.
 */
export function checkWatches(sessions: readonly WatchSession[], log: readonly LoggedChange[]): WatchCheck {
  const changes = typedChanges(log);
  const faults = sessions.flatMap((session, index) =>
    sessionFaults(session, changes).map(
      (fault) => `watch ${String(index)} of watcher ${String(session.watcher)} since ${String(session.since)}: ${fault}`,
    ),
  );
  const events = sessions.reduce((sum, session) => sum + session.events.length, 0);
  return { sessions: sessions.length, events, gone: sessions.filter(({ end }) => end === "gone").length, faults };
}

interface TypedChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: string;
  readonly revision: number;
  /** Of a deletion: the one that went. */
  readonly value: string;
}

function typedChanges(log: readonly LoggedChange[]): readonly TypedChange[] {
  const values = new Map<string, string>();
  return log.map(({ key, revision, value }) => {
    const previous = values.get(key);
    if (value === undefined) {
      values.delete(key);
      return { type: "DELETED", key, revision, value: previous ?? "" };
    }
    values.set(key, value);
    return { type: previous === undefined ? "ADDED" : "MODIFIED", key, revision, value };
  });
}

function sessionFaults(session: WatchSession, changes: readonly TypedChange[]): readonly string[] {
  const start = session.since === undefined ? startOf(session.events, changes) : { at: session.since, rest: session.events, faults: [] };
  // It broke before its state was complete: nothing can be said.
  if (start === undefined) return [];
  const following = changes.filter(({ revision }) => revision > start.at);
  let last = start.at;
  let next = 0;
  for (const event of start.rest) {
    const fault = eventFault(event, following[next], last);
    // What comes after the first fault follows from it.
    if (fault !== undefined) return [...start.faults, fault];
    last = event.type === "BOOKMARK" ? event.revision : event.item.revision;
    if (event.type !== "BOOKMARK") next += 1;
  }
  const isCut = session.end === "open" && next < following.length;
  return isCut ? [...start.faults, `was open at the end without ${told(following[next])}`] : start.faults;
}

function eventFault(event: WatchEvent, expected: TypedChange | undefined, last: number): string | undefined {
  if (event.type === "BOOKMARK") {
    const { revision } = event;
    if (revision < last) return `a bookmark at ${String(revision)} goes back behind ${String(last)}`;
    return expected !== undefined && expected.revision <= revision ? `a bookmark at ${String(revision)} passes over ${told(expected)}` : undefined;
  }
  const { type, item } = event;
  if (expected !== undefined && isSame(event, expected)) return undefined;
  return `brought ${type} ${item.key} ${item.value} at ${String(item.revision)}; ${told(expected)} was next`;
}

const told = (change: TypedChange | undefined): string =>
  change === undefined ? "nothing" : `${change.type} ${change.key} ${change.value} at ${String(change.revision)}`;

const isSame = ({ type, item }: Exclude<WatchEvent, { type: "BOOKMARK" }>, change: TypedChange): boolean =>
  type === change.type && item.key === change.key && item.revision === change.revision && item.value === change.value;

interface Start {
  readonly at: number;
  readonly rest: readonly WatchEvent[];
  readonly faults: readonly string[];
}

/** The state before the bookmark that ends it, against the state of the history at that revision. */
function startOf(events: readonly WatchEvent[], changes: readonly TypedChange[]): Start | undefined {
  const end = events.findIndex((event) => event.type === "BOOKMARK" && event.isStart);
  const mark = events[end];
  if (mark?.type !== "BOOKMARK") return undefined;
  const state = new Map<string, TypedChange>();
  for (const change of changes) {
    if (change.revision > mark.revision) break;
    if (change.type === "DELETED") state.delete(change.key);
    else state.set(change.key, change);
  }
  const faults: string[] = [];
  for (const event of events.slice(0, end)) {
    if (event.type === "BOOKMARK") continue;
    const there = state.get(event.item.key);
    if (event.type !== "ADDED" || there?.revision !== event.item.revision || there.value !== event.item.value) {
      faults.push(
        `began with ${event.type} ${event.item.key} at ${String(event.item.revision)}, not its state at ${String(mark.revision)}: ${told(there)}`,
      );
    }
    state.delete(event.item.key);
  }
  for (const missed of state.values()) faults.push(`began at ${String(mark.revision)} without ${told(missed)}`);
  return { at: mark.revision, rest: events.slice(end + 1), faults };
}
