/**
 * What the panel's page and the bridge in Label Studio's page say to each other. Both sides check everything that comes
 * against these schemas, and know nothing else of each other.
 *
 * How they meet: the bridge puts the panel's page into an iframe, and when that has loaded posts `hello` to it, to
 * Forelabel's origin alone, with one end of a MessageChannel. The page answers on that port with `ready` if its user has
 * allowed the bridge's origin; to all others it never answers. Everything else goes through the port.
 */
import * as v from 'valibot';
import type { Region } from '../labelstudio/types.ts';

/** The only message outside the port; its one transferred port is the bridge's. */
export const helloSchema = v.object({ type: v.literal('forelabel-hello'), version: v.literal(1) });
export type Hello = v.InferOutput<typeof helloSchema>;
export const hello: Hello = { type: 'forelabel-hello', version: 1 };

const id = v.pipe(v.number(), v.integer());
const percent = v.pipe(v.number(), v.finite());
const pixels = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(4000));
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));

const regionSchema: v.GenericSchema<unknown, Region> = v.object({
  id: text(200),
  type: v.literal('rectanglelabels'),
  from_name: v.string(),
  to_name: v.string(),
  original_width: v.number(),
  original_height: v.number(),
  image_rotation: v.literal(0),
  score: v.number(),
  value: v.object({
    ...{ x: percent, y: percent, width: percent, height: percent },
    rotation: v.literal(0),
    rectanglelabels: v.tuple([v.string()]),
  }),
});

/** The task that is open in Label Studio. */
const openTaskSchema = v.object({
  id,
  project: id,
  /** Address of the Label Studio, as `normalizeAddress` gives it. */
  url: v.pipe(text(2000), v.url()),
  /** XML */
  labelConfig: text(1_000_000),
  /** A name for the annotation that boxes would go into; the same after it was saved. */
  annotation: text(100),
  /** Boxes in it, without those that the panel has put there. */
  boxes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Ids of the panel's boxes that are there and that nobody has touched. */
  ours: v.array(text(200)),
});

const viewSchema = v.variant('kind', [
  v.object({ kind: v.literal('task'), task: openTaskSchema }),
  /** Why nothing can be pre-labeled: two sentences. */
  v.object({ kind: v.literal('none'), message: text(1000) }),
]);

/** What the panel asks; each is answered with the same `id`. */
const requestSchema = v.variant('type', [
  /** Says what is open anew (`view`), as soon as no task is on its way into the editor. Answer, after that: null. */
  v.object({ type: v.literal('look'), id }),
  /** Encoded bytes of the image in `field` of the task's data, with the user's own login. Answer: Blob. */
  v.object({ type: v.literal('image'), id, task: id, field: v.string() }),
  /**
   * Regions to add and ids of regions to take away, as one step of Label Studio's undo. Refused for a task or an annotation
   * that is not open. One that the user has changed or deleted is not taken away. Without `over`, nothing is added to an
   * annotation that has boxes of anybody but the panel: refused as 'occupied'. Answer: `BoxOutcome`.
   */
  v.object({
    type: v.literal('change'),
    ...{ id, task: id, annotation: text(100) },
    add: v.array(regionSchema),
    remove: v.array(v.string()),
    /** The user has said that boxes may be added to those that are there. */
    over: v.boolean(),
  }),
  /** Stores a prediction beside the annotations, with the user's own login. Answer: false where one of this version is. */
  v.object({
    type: v.literal('post'),
    id,
    prediction: v.object({
      task: id,
      result: v.array(regionSchema),
      score: v.number(),
      model_version: v.string(),
    }),
  }),
  /** Ids of the tasks that are likely to be opened next, the likeliest first. Answer: number[]. */
  v.object({ type: v.literal('upcoming'), id }),
]);
export type PanelRequest = v.InferOutput<typeof requestSchema>;

/** From the panel's page to the bridge. */
export const toBridgeSchema = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  ...requestSchema.options,
  /** Nobody waits for the answer to `id` any more. */
  v.object({ type: v.literal('cancel'), id }),
  /** How high the panel is, in CSS pixels. */
  v.object({ type: v.literal('height'), height: pixels }),
  /** The panel's head is dragged: by so many CSS pixels since the last time. */
  v.object({ type: v.literal('move'), dx: percent, dy: percent }),
  /** The combination to listen for, as `KeyboardEvent` says it: 'Alt+KeyP'. */
  v.object({ type: v.literal('key'), combo: text(40) }),
]);
export type ToBridge = v.InferOutput<typeof toBridgeSchema>;

/** From the bridge to the panel's page. */
export const toPanelSchema = v.variant('type', [
  /** What is open, whenever that has changed. */
  v.object({ type: v.literal('view'), view: viewSchema }),
  /** Label Studio's colours. */
  v.object({ type: v.literal('theme'), dark: v.boolean() }),
  /** The key was pressed in Label Studio's page. */
  v.object({ type: v.literal('pressed') }),
  v.object({ type: v.literal('answer'), id, value: v.unknown() }),
  /** The request failed: two sentences, and what the panel can do something about. */
  v.object({ type: v.literal('failed'), id, message: text(2000), code: v.optional(v.literal('occupied')) }),
]);
export type ToPanel = v.InferOutput<typeof toPanelSchema>;

export const blobSchema = v.instance(Blob);
export const boxOutcomeSchema = v.object({ added: v.array(v.string()), removed: v.array(v.string()) });
export const taskIdsSchema = v.pipe(v.array(id), v.maxLength(100));
