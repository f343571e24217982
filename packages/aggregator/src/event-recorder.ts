import { createHash } from "node:crypto";
import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, type Clock, type JsonObject, type Logger } from "@dataplane/meta";

const events: ResourceRef = { group: "events.k8s.io", version: "v1", resource: "events", namespaced: true };

/** Objects without a namespace have their events in default. */
const namespace = "default";

/** A series ends when nothing was added for so long, as in Kubernetes' own recorder. */
const seriesMs = 6 * 60_000;
const maxSeries = 1000;

export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** Who reports: the name of this server. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What happened to an object. */
export interface ObjectEvent {
  readonly type: "Normal" | "Warning";
  /** One CamelCase word. */
  readonly reason: string;
  readonly note: string;
}

/** Writes Events of `events.k8s.io/v1`. What repeats is one Event whose series counts. */
export interface EventRecorder {
  /** Does not wait, and never fails: an event is news, not state. */
  record(regarding: ApiObject, event: ObjectEvent, signal: AbortSignal): void;
}

interface Series {
  readonly name: string;
  count: number;
  last: number;
  /** Writes of one series follow each other. */
  written: Promise<void>;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, logger } = options;
  const series = new Map<string, Series>();

  const create = async (regarding: ApiObject, event: ObjectEvent, { name, now, signal }: Written): Promise<void> => {
    await client.create(events, eventObject(regarding, event, { name, now, instance: options.instance }), {}, signal);
  };
  const add = async (regarding: ApiObject, event: ObjectEvent, count: number, written: Written): Promise<void> => {
    const patch: JsonObject = { series: { count, lastObservedTime: microTime(written.now) }, note: shortened(event.note) };
    try {
      await client.patch(events, { name: written.name, namespace }, "application/merge-patch+json", patch, {}, written.signal);
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.reason !== "NotFound") throw thrown;
      // Forgotten meanwhile.
      await create(regarding, event, written);
    }
  };

  return {
    record(regarding, event, signal) {
      const now = clock.now();
      const key = [regarding.kind, regarding.metadata.uid ?? regarding.metadata.name, event.type, event.reason].join("/");
      const known = series.get(key);
      const lasts = known !== undefined && now.getTime() - known.last < seriesMs;
      const current = lasts ? known : { name: nameOf(regarding, key, now), count: 0, last: 0, written: Promise.resolve() };
      current.count += 1;
      current.last = now.getTime();
      remember(series, key, current);
      const written = { name: current.name, now, signal };
      const { count } = current;
      current.written = current.written
        .then(() => (count === 1 ? create(regarding, event, written) : add(regarding, event, count, written)))
        .catch((thrown: unknown) => {
          if (!signal.aborted)
            logger.warn({ object: regarding.metadata.name, reason: ApiError.from(thrown).reason }, "an event could not be written");
        });
    },
  };
}

interface Written {
  readonly name: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** The latest last; the oldest goes. */
function remember(series: Map<string, Series>, key: string, current: Series): void {
  series.delete(key);
  series.set(key, current);
  const [oldest] = series.keys();
  if (series.size > maxSeries && oldest !== undefined) series.delete(oldest);
}

const nameOf = ({ metadata }: ApiObject, key: string, now: Date): string =>
  `${metadata.name}.${createHash("sha256").update(`${key}/${now.getTime()}`).digest("hex").slice(0, 16)}`;

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
function eventObject(
  { apiVersion, kind, metadata: { name, uid = "" } }: ApiObject,
  { type, reason, note }: ObjectEvent,
  event: { readonly name: string; readonly now: Date; readonly instance: string },
): ApiObject {
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: event.name, namespace },
    eventTime: microTime(event.now),
    reportingController: "dataplane.grafana.app/aggregator",
    reportingInstance: event.instance,
    action: reason,
    reason,
    type,
    note: shortened(note),
    regarding: { apiVersion, kind, name, uid },
  };
}

/** The field holds 1 KiB. */
const shortened = (note: string): string => note.slice(0, 1000);

const microTime = (time: Date): string => time.toISOString().replace(/Z$/, "000Z");
