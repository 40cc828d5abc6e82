/** A Jobs API that does as it is told, for what a real cluster does too seldom or too slowly. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeJob {
  status: string;
  message?: string;
  error_type?: string | null;
  driver_exit_code?: number | null;
  logs?: string;
}

export type Submission = Readonly<Record<string, unknown>> & { readonly submission_id: string };

export interface FakeRay {
  readonly address: string;
  readonly jobs: Map<string, FakeJob>;
  /** Bodies of what was submitted. */
  readonly submitted: Submission[];
  readonly seen: { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders }[];
  /** Answers instead of Ray while it is set; true: it has answered. */
  instead: ((method: string, url: string, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

export async function fakeRay(): Promise<FakeRay> {
  const jobs = new Map<string, FakeJob>();
  const submitted: Submission[] = [];
  const seen: { method: string; url: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ method, url, headers });
      const json = (value: unknown): void => void response.end(JSON.stringify(value));
      const text = (status: number, words: string): void => void response.writeHead(status).end(words);
      const submission = method === 'POST' && url === '/api/jobs/';
      const body = submission ? (JSON.parse(Buffer.concat(chunks).toString()) as Submission) : undefined;
      const isNew = body !== undefined && !jobs.has(body.submission_id);
      if (isNew) {
        submitted.push(body);
        jobs.set(body.submission_id, { status: 'PENDING' });
      }
      // After it has happened: an answer can get lost.
      if (fake.instead?.(method, url, response) === true) return;
      if (body !== undefined) {
        if (isNew) {
          json({ submission_id: body.submission_id });
          return;
        }
        text(500, `Traceback\nValueError: Job with submission_id ${body.submission_id} already exists.`);
        return;
      }
      const [, id = '', what] = /^\/api\/jobs\/([^/]+)(?:\/(\w+))?$/u.exec(url) ?? [];
      const job = jobs.get(id);
      if (job === undefined) {
        text(404, `Job ${id} does not exist`);
        return;
      }
      if (what === 'logs') {
        json({ logs: job.logs ?? '' });
        return;
      }
      if (what === 'stop') {
        if (job.status === 'RUNNING') job.status = 'STOPPED';
        json({ stopped: true });
        return;
      }
      json({ message: 'Job is as it is.', error_type: null, driver_exit_code: null, ...job });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeRay = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    jobs,
    submitted,
    seen,
    instead: undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}
