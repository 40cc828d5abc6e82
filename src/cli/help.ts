const general = `Forelabel draws boxes before you do: an FCOS detector next to Label Studio.

  forelabel serve      start the app on this machine and open it in the browser
  forelabel predict    run a model over a folder, over images, or over a Label Studio project
  forelabel models     list the models that are installed
  forelabel help NAME  explain a command
  forelabel --version
`;

const serve = `forelabel serve [--port 9090] [--host 127.0.0.1] [--no-open]

Starts the app, prints its address and opens the browser. Ctrl+C ends it.

  --port N     port to listen on (0: any free one)
  --host HOST  address to listen on; anything but 127.0.0.1 lets other machines use the app
  --no-open    do not open the browser
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
  --shard I/N         only every Nth task, to share a project among machines
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

const models = `forelabel models [--json]

Lists the models that --model takes: bundled ones first, then your own, newest first.
`;

const pages: Readonly<Record<string, string>> = { serve, predict, models };

/** The help of a command, or of all when there is no such command. */
export function helpFor(command: string | undefined): string {
  return (command === undefined ? undefined : pages[command]) ?? general;
}
