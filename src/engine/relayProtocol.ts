/** What page and relay say to each other when the relay detects. Types of both sides; the page parses what comes. */
import * as v from 'valibot';

/**
 * Both are POST, with the query `model` (a version). `load` answers `LoadAnswer`; `detect` takes the encoded image as
 * its body, with the query `page` (any name that tells pages apart, which take turns), and answers `DetectAnswer`.
 */
export const engineAddresses = { load: '/api/engine/load', detect: '/api/engine/detect' } as const;

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
