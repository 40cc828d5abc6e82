export interface Counters {
  /** Images inferred here. */
  readonly inferred: number;
  /** Tasks that wait for their turn or have it. */
  readonly waiting: number;
}

export interface AllCounters extends Counters {
  readonly requests: number;
  readonly tasks: number;
  readonly predictions: number;
}

/** Prometheus' text format, since the start of the relay. */
export function metricsText({ requests, tasks, predictions, inferred, waiting }: AllCounters): string {
  const lines: [string, 'counter' | 'gauge', string, number][] = [
    ['forelabel_predict_requests_total', 'counter', 'Requests to /predict.', requests],
    ['forelabel_predict_tasks_total', 'counter', 'Tasks in these requests.', tasks],
    ['forelabel_predictions_total', 'counter', 'Predictions given for them.', predictions],
    ['forelabel_images_inferred_total', 'counter', 'Images inferred by the relay.', inferred],
    ['forelabel_tasks_waiting', 'gauge', 'Tasks that wait for the relay to infer their image.', waiting],
  ];
  return lines
    .map(([name, type, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('');
}
