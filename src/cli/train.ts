import { forelabelHome } from '../relay/home.ts';
import { labelStudioAccess } from '../relay/labelStudioAccess.ts';
import { createLog } from '../relay/log.ts';
import { readSettings } from '../relay/settings/settings.ts';
import { composeTraining } from '../relay/training/composeTraining.ts';
import { TrainingError, type TrainingService } from '../relay/training/contracts.ts';
import { whoWorks } from '../relay/training/whoWorks.ts';
import { isEnded, type Job, type TrainRequestInput } from '../training/job.ts';
import { UsageError, type ExitCode } from './errors.ts';
import { StatusLine } from './statusLine.ts';
import { readTrainArgs } from './trainArgs.ts';
import { watch } from './watchTraining.ts';

/** `forelabel train`: the project's annotations become a model. The last line of stdout is JSON. */
export async function runTrain(args: readonly string[]): Promise<ExitCode> {
  const { request, flags, wait } = readTrainArgs(args);
  const home = forelabelHome();
  const line = new StatusLine(process.stderr);
  const note = (text: string) => line.say(text);
  const env = process.env;
  const { values: settings } = await readSettings({ home, env, flags, note });
  const access = labelStudioAccess({ home, env, flags });
  if ((await access.find()) === null) throw noAccess(settings.labelStudioUrl);

  const relayWorks = (await whoWorks(home)) === 'another process';
  const watches = wait || !relayWorks;
  const training = await composeTraining({
    home,
    settings,
    access: access.find,
    log: createLog(),
    work: watches,
  });
  try {
    const job = await start(training, request, relayWorks, note);
    if (!watches) {
      note(`Forelabel works on it; "forelabel jobs" shows how far it is.`);
      process.stdout.write(`${JSON.stringify({ job: job.id, state: job.state })}\n`);
      return 0;
    }
    line.say(
      `Training ${job.request.name ?? 'a model'} from ${job.base}, ${job.epochs} epochs (job ${job.id})`,
    );
    return await watch(training, job.id, home, line);
  } finally {
    line.clear();
    await training.close();
  }
}

/** A job of this project that nobody works on is gone on with: a second one is not allowed beside it. */
async function start(
  training: TrainingService,
  request: TrainRequestInput,
  relayWorks: boolean,
  note: (text: string) => void,
): Promise<Job> {
  try {
    return await training.start(request, 'person');
  } catch (error) {
    if (!(error instanceof TrainingError) || error.code !== 'job-running' || relayWorks) throw error;
    const left = (await training.list()).find(
      (job) => job.project === request.project && !isEnded(job) && error.message.includes(job.id),
    );
    if (left === undefined) throw error;
    note(`Job ${left.id} of this project was left unfinished: going on with it, as it was asked for.`);
    return left;
  }
}

function noAccess(url: string | null): UsageError {
  return new UsageError(
    url === null ? 'It is not said where Label Studio is.' : `There is no token for Label Studio at ${url}.`,
    'Set the variables LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, or connect Label Studio in the app.',
  );
}
