import { performance } from "node:perf_hooks";
import type { Filter } from "@dataplane/apiserver";
import type { Counter, Histogram, Metrics, RequestInfo } from "@dataplane/meta";
import type { Labels, RequestLabels } from "./request-labels.js";

/** Answers of these go on for as long as the client likes: their time says nothing. */
const longRunning = new Set(["watch", "stream", "connect"]);

/** Counts every request, by kube-apiserver's names of metrics. It comes first, so that refused requests count as well. */
export function countRequests(metrics: Metrics, labelsOf: RequestLabels): Filter {
  const resource = ["verb", "group", "version", "resource", "subresource"];
  const total = metrics.counter({
    name: "apiserver_request_total",
    help: "Requests by verb, group, version, resource, subresource and code of the answer.",
    labels: [...resource, "code"],
    maxSeries: 4000,
  });
  const seconds = metrics.histogram({
    name: "apiserver_request_duration_seconds",
    help: "Time until the answer begins, without watches and streams.",
    labels: resource,
  });
  const inflight = metrics.gauge({
    name: "apiserver_current_inflight_requests",
    help: "Requests whose answer has not begun.",
    labels: ["request_kind"],
  });
  const reading = inflight.with("readOnly");
  const writing = inflight.with("mutating");

  const seriesOf = kept(({ verb, group, version, resource: plural, subresource }) => {
    const codes = new Map<string, Counter>();
    let duration: Histogram | undefined;
    return {
      observe(value) {
        duration ??= seconds.with(verb, group, version, plural, subresource);
        duration.observe(value);
      },
      ofCode(code) {
        const known = codes.get(code) ?? total.with(verb, group, version, plural, subresource, code);
        codes.set(code, known);
        return known;
      },
    };
  });

  return async (request, next) => {
    const running = isRead(request.method) ? reading : writing;
    const started = performance.now();
    let code = "500";
    running.add(1);
    try {
      const response = await next(request);
      code = String(response.status);
      return response;
    } finally {
      running.add(-1);
      const { info } = request.context;
      const series = seriesOf(labelsOf(info, request.method));
      series.ofCode(code).inc();
      if (!isLongRunning(info)) series.observe((performance.now() - started) / 1000);
    }
  };
}

interface Series extends Histogram {
  readonly ofCode: (code: string) => Counter;
}

/** Looking up series by many labels costs more than counting; what a request is counted under is looked up once. */
function kept(find: (labels: Labels) => Series): (labels: Labels) => Series {
  const known = new Map<string, Series>();
  return (labels) => {
    const key = `${labels.verb} ${labels.group} ${labels.version} ${labels.resource} ${labels.subresource}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    // Groups come and go; then they are looked up again.
    if (known.size >= 1000) known.clear();
    const made = find(labels);
    known.set(key, made);
    return made;
  };
}

const isRead = (method: string): boolean => method === "GET" || method === "HEAD" || method === "OPTIONS";

const isLongRunning = (info: RequestInfo | undefined): boolean =>
  info !== undefined && (longRunning.has(info.verb) || longRunning.has(info.subresource));
