import { settingNames, settings } from '../relay/settings/table.ts';

const general = `Forelabel draws boxes before you do: an FCOS detector next to Label Studio.

  forelabel serve      start the app on this machine and open it in the browser
  forelabel predict    run a model over a folder, over images, or over a Label Studio project
  forelabel train      make a better model from the annotations of a Label Studio project
  forelabel jobs       list the trainings; cancel, resume, watch one
  forelabel export     make a model of an FCOS that MMDetection has trained
  forelabel models     list the models that are installed
  forelabel config     show the settings and where they come from; set one
  forelabel doctor     look for what is missing, and say what to do
  forelabel setup      install MMDetection, which trainings need (else the first one does it)
  forelabel help NAME  explain a command
  forelabel --version
`;

const serve = `forelabel serve [--port 9090] [--host 127.0.0.1] [--public-url URL] [--no-open]

Starts the app, prints its address and opens the browser. It works the trainings, and is an ML backend for Label
Studio at the same address. Ctrl+C ends it; a training that runs goes on, and the next start takes it up again.

  --port N            port to listen on (0: any free one)
  --host HOST         address to listen on; on anything but 127.0.0.1 other machines can use the app, and sign in
                      with the secret in FORELABEL_HOME/credentials.json
  --public-url URL    this Forelabel's address as Label Studio is to call it, where that is another one
  --label-studio URL  address of Label Studio, else the variable LABEL_STUDIO_URL
  --no-open           do not open the browser
`;

const predict = `forelabel predict FOLDER|IMAGES... --model NAME|DIR --out PATH
forelabel predict --project N --model NAME|DIR [--post] [--out PATH]

  --model NAME|DIR    a model by name or version (see "forelabel models"), or a folder with model.json
  --engine ENGINE     native (default), or wasm or webgpu: the app's own, in headless Chromium
  --format FORMAT     jsonl (default), coco, labelstudio: a file; yolo, voc: a folder
  --threshold SCORE   leave out boxes with a lower score, 0 to 1 (default 0.3)
  --out PATH          where to write; - is the terminal (jsonl, coco, labelstudio)

In place of a folder, the tasks of a Label Studio project:
  --project N         number of the project, as in its address
  --label-studio URL  address of Label Studio, else the variable LABEL_STUDIO_URL
  --post              store the boxes in Label Studio as predictions; --out may be left out then
  --only-unlabeled    only tasks without an annotation
  --only-unpredicted  only tasks without a prediction of this model version (with --post and no --out: always)
  --view N            only the tasks of a tab of the data manager; its number is in the address after "tab="
  --from-id N         only tasks with this number or a higher one
  --to-id N           only tasks with this number or a lower one
  --shard I/N         only every Nth task, to share a project among machines
  --sample N          only so many tasks, drawn by chance, the same ones at each call
  --seed N            draw others (default 0)
  --replace VERSION   when every task has its prediction, delete those of an older model version
  --control NAME      which RectangleLabels tag, where the project has several
The token comes from the variable LABEL_STUDIO_API_KEY and is never an argument.

jsonl has one line an image, boxes [x1, y1, x2, y2] in pixels of the upright image:
  {"file","width","height","detections":[{"label","score","box"}],"timings"}
  {"file","error":{"code","message"}}

Exit code: 0 every image was tried, 1 none could be read, 2 wrong usage, 130 interrupted.

FORELABEL_HOME            where your own models are (models/<name>)
CHROMIUM_PATH             the browser for wasm and webgpu
FORELABEL_CHROMIUM_FLAGS  more flags for it, separated by spaces
`;

const train = `forelabel train --project N [--preset quick|thorough] [--epochs N] [--wait]

Takes the submitted annotations of a Label Studio project, trains a model on them with MMDetection, measures the
old and the new one on the same images, and keeps the new one for "forelabel predict --model" and the app.
The first training installs MMDetection, which takes some minutes once.

  --project N         number of the project, as in its address
  --preset PRESET     default, quick (a first look), or thorough (takes longer, finds smaller things)
  --epochs N          how often every image is looked at, in place of the preset's number
  --base NAME         model to start from, by name or version; else the project's newest, else the bundled one
  --name NAME         name of the new model; else from the project's title
  --control NAME      which RectangleLabels tag, where the project has several
  --executor WHERE    local, torchrun (several GPUs of this machine), or ray (a cluster)
  --device DEVICE     auto, cpu or cuda
  --gpus N            GPUs for torchrun (0: all) and ray
  --ray-address URL   dashboard of the Ray cluster
  --label-studio URL  address of Label Studio, else the variable LABEL_STUDIO_URL
  --wait              stay until it has ended, also when a running Forelabel does the work
The token comes from the variable LABEL_STUDIO_API_KEY or from "forelabel config", and is never an argument.

Progress goes to stderr. The last line of stdout is
  {"model":"<model version>","dir":"<folder>","metrics":{"base":{"AP50":...},"new":{"AP50":...}}}
or, when a running Forelabel does the work and --wait is left out, {"job":"<id>","state":"queued"}.
Ctrl+C cancels the training; where a running Forelabel does the work, it only stops watching.

Exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
`;

const jobs = `forelabel jobs [--json]
forelabel jobs cancel|resume|watch|log ID

Lists the trainings, newest first: id, state, project, time taken, and the model with its metrics.

  cancel ID    stop it; what is trained so far is kept
  resume ID    go on with a cancelled, failed or interrupted one from its last checkpoint
  watch ID     show its progress until it has ended
  log ID       print what the trainer printed
`;

const exporting = `forelabel export --config CFG.py --checkpoint CKPT.pth --name NAME --out DIR [--classes a,b,c]

Makes a model folder (model.onnx, model.json) of an FCOS that was trained with MMDetection 3.x or 2.x, and compares it
with PyTorch before anything is written. The first export installs MMDetection, as "forelabel setup" does.
A checkpoint is a pickle and can run code when it is loaded: take only files that you trust.

  --config CFG.py        the config of the training; of several files with _base_, the one it wrote into its work folder
  --checkpoint CKPT.pth  its weights
  --name NAME            name of the model
  --out DIR              folder to make, for "--model DIR"; in models/ of FORELABEL_HOME, "--model NAME" finds it.
                         That of a model is replaced, other files in it are kept; any other folder must be empty
  --classes a,b,c        names in label order, where neither the checkpoint nor the config tells them

Progress goes to stderr. The last line of stdout is {"model":"<model version>","dir":"<folder>"}.

Exit code: 0 done, 1 it cannot be exported, 2 wrong usage, 130 interrupted.
`;

const models = `forelabel models [--json]

Lists the models that --model takes, newest first, with date, metrics and the model that each was trained from.
`;

const config = `forelabel config [--json]
forelabel config set KEY VALUE
forelabel config unset KEY

Shows every setting and where it comes from. What is given as an option counts first, then the variable of the
environment, then config.json in FORELABEL_HOME, then the default.

${settingsTable()}
A secret is never shown and never an argument. "forelabel config set labelStudioApiKey -" reads it from the
terminal or a pipe and keeps it in credentials.json, which only you can read.
`;

const doctor = `forelabel doctor [--label-studio URL] [--port N] [--json]

Looks at what Forelabel needs, and says for each thing what was found and what to do: folders, disk, port, Python,
MMDetection and PyTorch, GPU, ONNX Runtime, Label Studio's version, token and CORS, and whether Label Studio may call
Forelabel back. Changes nothing.

Exit code: 0 no problem, 1 a problem.
`;

const setup = `forelabel setup [--cuda|--cpu]

Installs MMDetection and PyTorch into an environment of their own, in the cache folder; with CUDA where there is an
NVIDIA GPU. Prints the environment's python. Run it again after an interruption: what is downloaded is kept.

FORELABEL_CACHE        another cache folder
FORELABEL_PYTHON       the Python to make it with (3.10 or newer)
FORELABEL_TORCH_INDEX  another index for PyTorch
`;

const pages: Readonly<Record<string, string>> = {
  serve,
  predict,
  train,
  jobs,
  export: exporting,
  models,
  config,
  doctor,
  setup,
};

function settingsTable(): string {
  const width = Math.max(...settingNames.map((name) => name.length));
  return settingNames
    .map((name) => {
      const { about, env, flag } = settings[name];
      const where = flag === null ? env : `${flag}, ${env}`;
      return `  ${name.padEnd(width)}  ${about}\n  ${' '.repeat(width)}  ${where}\n`;
    })
    .join('');
}

/** The help of a command, or of all when there is no such command. */
export function helpFor(command: string | undefined): string {
  return (command === undefined ? undefined : pages[command]) ?? general;
}
