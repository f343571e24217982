/** Start of the fixed samples: 2024-01-01T00:00:00Z, in milliseconds. */
export const samplesStart = 1_704_067_200_000;
/** Ten minutes of samples. */
export const samplesEnd = samplesStart + 600_000;

/** Samples every 15 s: two targets, a counter, a histogram, a gauge with NaN and infinities. */
export function openMetrics(): string {
  const times = Array.from({ length: 41 }, (_, index) => samplesStart / 1000 + index * 15);
  const each = (line: (time: number, index: number) => string) => times.map((time, index) => `${line(time, index)} ${time}\n`).join("");
  const odd = ["NaN", "+Inf", "-Inf", "1.5"];
  return [
    "# TYPE up gauge\n",
    each(() => 'up{instance="a:9090",job="node"} 1'),
    each((_, index) => `up{instance="b:9090",job="node"} ${index % 4 === 3 ? 0 : 1}`),
    "# TYPE requests counter\n",
    each((_, index) => `requests_total{code="200",path="/\\"q\\""} ${index * 30}`),
    each((_, index) => `requests_total{code="500",path="/"} ${index * 3}`),
    "# TYPE odd gauge\n",
    each((_, index) => `odd ${odd[index % odd.length]}`),
    "# TYPE latency histogram\n",
    each((_, index) => `latency_bucket{le="0.1"} ${index * 5}`),
    each((_, index) => `latency_bucket{le="1.0"} ${index * 8}`),
    each((_, index) => `latency_bucket{le="10.0"} ${index * 9}`),
    each((_, index) => `latency_bucket{le="+Inf"} ${index * 10}`),
    each((_, index) => `latency_count ${index * 10}`),
    each((_, index) => `latency_sum ${index * 7}`),
    "# EOF\n",
  ].join("");
}
