/**
 * What the command line and its page say to each other. Everything here crosses the border between two
 * processes, so it is plain data.
 */
import type { EngineErrorCode } from '../../engine/errors.ts';
import type { DetectResult, EngineInfo } from '../../engine/types.ts';
import type { Manifest } from '../../detector/manifest.ts';

export interface OpenRequest {
  readonly manifest: Manifest;
  /** Address of the folder of the model's files, with a trailing slash. */
  readonly modelUrl: string;
  /** 'relay': the native engine of the server of this page. */
  readonly backend: 'wasm' | 'webgpu' | 'relay';
  /** Of wasm; default: as many as help. */
  readonly threads?: number;
}

/** An error keeps its code where exceptions would lose it. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: EngineErrorCode | null;
      readonly detail: string | null;
      readonly message: string;
    };

export interface PageResult extends DetectResult {
  /** Milliseconds from the encoded bytes to the boxes as the page saw them, what workers and relay were told included. */
  readonly elapsedMs: number;
}

/** `globalThis.forelabelEngine` of the page. */
export interface EnginePage {
  open(request: OpenRequest): Promise<Answer<EngineInfo>>;
  /** `id` names the call for `abort`; the image is fetched from `url`. */
  detect(call: { readonly id: number; readonly url: string }): Promise<Answer<PageResult>>;
  abort(id: number): void;
}
