import type { Handler, HttpResponse } from "@dataplane/meta";

/** One named check. `problem` is undefined when all is well; its text is logged, not shown: these endpoints are open to all. */
export interface HealthCheck {
  readonly name: string;
  readonly problem: () => string | undefined;
}

/** A check of something that comes to be in its own time. */
export const waitingFor = (name: string, isWell: () => boolean): HealthCheck => ({ name, problem: () => (isWell() ? undefined : "not yet") });

/** The process answers. */
export const ping: HealthCheck = waitingFor("ping", () => true);

export interface HealthEndpoints {
  /** Is the process worth keeping? */
  readonly livez: readonly HealthCheck[];
  /** May it get requests? */
  readonly readyz: readonly HealthCheck[];
}

const names = ["livez", "readyz", "healthz"] as const;
const begins = /^\/(?:livez|readyz|healthz)/;

/**
 * `/livez`, `/readyz` and `/healthz` as kube-apiserver serves them (https://kubernetes.io/docs/reference/using-api/health-checks/):
 * `?verbose`, `?exclude=<check>`, `/livez/<check>`; the status code is the answer. Anything else goes to the delegate.
 */
export function healthEndpoints(checks: HealthEndpoints, delegate: Handler): Handler {
  const groups = { livez: checks.livez, readyz: checks.readyz, healthz: checks.livez };
  return (request) => {
    if (!begins.test(request.path) || (request.method !== "GET" && request.method !== "HEAD")) return delegate(request);
    const [, first, ...rest] = request.path.split("/");
    const name = names.find((it) => it === first);
    if (name === undefined) return delegate(request);
    // The names of some have slashes.
    const wanted = rest.join("/");
    if (wanted === "") return Promise.resolve(all(name, groups[name], request.query));
    const check = groups[name].find((it) => it.name === wanted);
    return check === undefined ? delegate(request) : Promise.resolve(one(check));
  };
}

function one(check: HealthCheck): HttpResponse {
  return check.problem() === undefined ? text(200, "ok") : text(500, `internal server error: ${check.name} is not ready`);
}

function all(name: string, checks: readonly HealthCheck[], query: URLSearchParams): HttpResponse {
  const excluded = new Set(query.getAll("exclude").flatMap((it) => it.split(",")));
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
    } else if (check.problem() === undefined) {
      lines.push(`[+]${check.name} ok`);
    } else {
      failed = true;
      lines.push(`[-]${check.name} failed: reason withheld`);
    }
  }
  if (excluded.size > 0 && [...excluded].some((it) => it !== ""))
    lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].map((it) => JSON.stringify(it)).join(", ")}`);
  if (failed) return text(500, `${lines.join("\n")}\n${name} check failed\n`);
  return text(200, query.has("verbose") ? `${lines.join("\n")}\n${name} check passed\n` : "ok");
}

const text = (status: number, body: string): HttpResponse => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-cache, private", "x-content-type-options": "nosniff" },
  body,
});
