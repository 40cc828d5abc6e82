/** What page and relay say to each other when the relay detects. Types of both sides; the page parses what comes. */
import * as v from 'valibot';

/**
 * `load` and `detect` are POST, with the query `model` (a version). `load` answers `LoadAnswer`; `detect` takes the
 * encoded image as its body, with the query `page` (any name that tells pages apart, which take turns), and answers
 * `DetectAnswer`. `socket` is a WebSocket with the same query, for images alone: `calledWith` and `callBack` go to the
 * relay, `SocketAnswer` comes back for each image but those called back, in any order.
 */
export const engineAddresses = {
  load: '/api/engine/load',
  detect: '/api/engine/detect',
  socket: '/api/engine/socket',
} as const;

/** No image that the detector takes is larger. */
export const mostImageBytes = 256 * 1024 * 1024;

const number = v.pipe(v.number(), v.finite());

export const loadAnswerSchema = v.object({
  modelVersion: v.string(),
  /** What it runs on, for people. */
  device: v.string(),
  /** One sentence. */
  why: v.string(),
  warmUpMs: number,
});
export type LoadAnswer = v.InferOutput<typeof loadAnswerSchema>;

export const detectAnswerSchema = v.object({
  width: number,
  height: number,
  detections: v.array(
    v.object({ x1: number, y1: number, x2: number, y2: number, score: number, label: number }),
  ),
  timings: v.object({
    decode: number,
    preprocess: number,
    infer: number,
    postprocess: number,
    total: number,
  }),
  /** Milliseconds from the image's last byte to this answer, waiting for other images included. */
  heldMs: number,
});
export type DetectAnswer = v.InferOutput<typeof detectAnswerSchema>;

/** A refusal: the relay's own words or an engine's, whose code and detail make the same `EngineError` again. */
export const engineProblemSchema = v.object({
  error: v.object({ code: v.string(), message: v.string(), detail: v.optional(v.string()) }),
});
export type EngineProblem = v.InferOutput<typeof engineProblemSchema>;

export const socketAnswerSchema = v.object({
  id: v.pipe(v.number(), v.integer()),
  found: v.optional(detectAnswerSchema),
  /** As the answer of `detect` with this status. */
  problem: v.optional(v.object({ status: number, ...v.partial(engineProblemSchema).entries })),
});
export type SocketAnswer = v.InferOutput<typeof socketAnswerSchema>;

/** Bytes of the number that leads an image on the socket: uint32, little-endian. */
export const callIdBytes = 4;

/** A message to the socket: the encoded image, led by the number that its answer will bear (0 .. 2^32 - 1). */
export function calledWith(id: number, image: Blob): Blob {
  return new Blob([idBytes(id), image]);
}

/** A message to the socket: the image of this number is not wanted any more. The number alone. */
export function callBack(id: number): ArrayBuffer {
  return idBytes(id);
}

/** A message as the relay reads it: an image, or null where one is called back; null for what is neither. */
export function readCall(
  message: unknown,
): { readonly id: number; readonly image: Uint8Array<ArrayBuffer> | null } | null {
  if (!(message instanceof ArrayBuffer) || message.byteLength < callIdBytes) return null;
  const id = new DataView(message).getUint32(0, true);
  return { id, image: message.byteLength === callIdBytes ? null : new Uint8Array(message, callIdBytes) };
}

function idBytes(id: number): ArrayBuffer {
  const bytes = new ArrayBuffer(callIdBytes);
  new DataView(bytes).setUint32(0, id, true);
  return bytes;
}
