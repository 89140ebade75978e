/** Counts of the scoring route in the Prometheus text format. */
export interface Metrics {
  observe(status: number, seconds: number): void;
  render(waiting: number): string;
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function createMetrics(): Metrics {
  const byStatus = new Map<number, number>();
  const atMost = buckets.map(() => 0);
  let count = 0;
  let total = 0;
  return {
    observe(status, seconds) {
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      count++;
      total += seconds;
      buckets.forEach((limit, index) => {
        if (seconds <= limit) atMost[index] = (atMost[index] ?? 0) + 1;
      });
    },
    render: (waiting) =>
      [
        "# HELP predict_requests_total Requests to /predict by status.",
        "# TYPE predict_requests_total counter",
        ...[...byStatus].map(([status, requests]) => `predict_requests_total{status="${status}"} ${requests}`),
        "# HELP predict_duration_seconds Time from request to answer.",
        "# TYPE predict_duration_seconds histogram",
        ...buckets.map((limit, index) => `predict_duration_seconds_bucket{le="${limit}"} ${atMost[index]}`),
        `predict_duration_seconds_bucket{le="+Inf"} ${count}`,
        `predict_duration_seconds_sum ${total}`,
        `predict_duration_seconds_count ${count}`,
        "# HELP predict_waiting Requests that wait for a scoring worker.",
        "# TYPE predict_waiting gauge",
        `predict_waiting ${waiting}`,
        "",
      ].join("\n"),
  };
}
