/**
 * The manifest (`model.json`) beside every ONNX file: the one place that holds what differs between
 * MMDetection configs. Nothing in the code may assume a mean, a stride or a threshold.
 */
import * as v from 'valibot';

const positiveInt = v.pipe(v.number(), v.integer(), v.minValue(1));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u));
const triple = v.tuple([v.number(), v.number(), v.number()]);
/** A file beside the manifest; never a path that could leave the model's folder. */
const fileName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/u));

const inputSchema = v.object({
  /** Name of the ONNX input tensor, float32 `[1,3,H,W]`. */
  tensor: v.string(),
  /** Order of the channels of the tensor, and of `mean` and `std`. */
  channelOrder: v.picklist(['rgb', 'bgr']),
  /** In units of 0..255. */
  mean: triple,
  std: v.pipe(
    triple,
    v.check((values) => values.every((value) => value > 0), 'must be above 0'),
  ),
  /**
   * MMDetection's `Resize(scale=(width, height), keep_ratio=...)`.
   * 'keep-ratio': s = min(max(w,h)/long side, min(w,h)/short side), new size = int(side * s + 0.5).
   * 'stretch': exactly width x height.
   */
  resize: v.object({
    rule: v.picklist(['keep-ratio', 'stretch']),
    width: positiveInt,
    height: positiveInt,
  }),
  /** The normalised image is padded with zeros, right and bottom, to a multiple of this. */
  padDivisor: positiveInt,
});

const levelSchema = v.object({
  stride: positiveInt,
  /** Output tensor names: `[1,C,H,W]`, `[1,4,H,W]` (left, top, right, bottom), `[1,1,H,W]`. */
  cls: v.string(),
  bbox: v.string(),
  centerness: v.string(),
});

const outputsSchema = v.object({
  levels: v.pipe(v.array(levelSchema), v.minLength(1)),
  /** What the graph has applied already. MMDetection's FCOS heads: logits, logits, pixels. */
  cls: v.picklist(['logits', 'probabilities']),
  centerness: v.picklist(['logits', 'probabilities']),
  bbox: v.picklist(['pixels', 'strides']),
});

const postprocessSchema = v.object({
  /** Strict (`>`), on the class probability before centerness, as `predict_by_feat` does it. */
  scoreThreshold: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  /** At most this many (location, class) pairs a level. */
  nmsPre: positiveInt,
  nms: v.object({
    type: v.literal('nms'),
    iouThreshold: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
    /** true: boxes of different classes suppress each other. */
    classAgnostic: v.boolean(),
  }),
  maxPerImage: positiveInt,
  /** Boxes whose width or height is not greater than this are dropped (pixels of the image). */
  minBoxSize: v.number(),
  /** MMDetection: class probability x centerness probability; torchvision and AdelaiDet: its square root. */
  scoreRule: v.picklist(['cls*centerness', 'sqrt(cls*centerness)']),
});

/**
 * The self-test every engine passes before it is used. Input: float32 `[1,3,height,width]` with
 * element i = ((i * 2654435761 mod 2^32) >> 8) / 2^24 * 4 - 2. Expected: `samples` of each output at
 * the flat indices floor(k * size / samples.length).
 */
const goldenSchema = v.object({
  width: positiveInt,
  height: positiveInt,
  /** Greatest allowed |got - expected| / max(1, |expected|). */
  tolerance: v.pipe(v.number(), v.minValue(0)),
  outputs: v.record(v.string(), v.object({ size: positiveInt, samples: v.array(v.number()) })),
});

const fileSchema = v.object({
  /** Precision of the stored weights; arithmetic is float32 unless an engine says otherwise. */
  precision: v.picklist(['fp32', 'fp16']),
  path: fileName,
  bytes: positiveInt,
  sha256,
});

const lineageSchema = v.object({
  /** Model version it was fine-tuned from. */
  parent: v.nullable(v.string()),
  /** SHA-256 of the training annotations. */
  dataset: v.nullable(sha256),
  config: v.nullable(fileName),
  checkpoint: v.nullable(fileName),
  epochs: v.nullable(v.pipe(v.number(), v.integer())),
  /** COCO metrics on the validation split: AP, AP50, ... in 0..1. */
  metrics: v.record(v.string(), v.number()),
  /** ISO 8601. */
  date: v.string(),
});

/** Letters, digits, dot, underscore and dash: it becomes part of the model version and of file names. */
const modelName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u));

export const manifestSchema = v.object({
  schema: v.literal(1),
  name: modelName,
  architecture: v.literal('FCOS'),
  /** In label-index order. */
  classes: v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.minLength(1)),
  input: inputSchema,
  outputs: outputsSchema,
  postprocess: postprocessSchema,
  golden: goldenSchema,
  /** The first file is the one that names the model version. */
  files: v.pipe(v.array(fileSchema), v.minLength(1)),
  lineage: lineageSchema,
});

export type Manifest = v.InferOutput<typeof manifestSchema>;
export type ManifestInput = Manifest['input'];
export type ModelFile = Manifest['files'][number];

/** A manifest that is not one: the message names the first field that is wrong. */
export class ManifestError extends Error {
  readonly code = 'manifest-invalid';
  override readonly name = 'ManifestError';
}

/** Checks a parsed `model.json`. Throws `ManifestError`. */
export function parseManifest(json: unknown): Manifest {
  const parsed = v.safeParse(manifestSchema, json);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const where = v.getDotPath(issue) ?? 'the file';
  throw new ManifestError(
    `model.json is not a Forelabel manifest: ${where}: ${issue.message}. Export the model again with this version of Forelabel.`,
  );
}

/** The file that an engine loads: the first one. */
export function primaryFile(manifest: Manifest): ModelFile {
  const file = manifest.files[0];
  if (file === undefined) throw new ManifestError('model.json lists no files. Export the model again.');
  return file;
}

/** `<name>-<first 8 hex of the ONNX sha256>`: the one string used in the browser, the relay and Label Studio. */
export function modelVersion(manifest: Manifest): string {
  return `${manifest.name}-${primaryFile(manifest).sha256.slice(0, 8)}`;
}
