import manifestJson from '../fixtures/tiny-model/model.json';
import modelUrl from '../fixtures/tiny-model/model.onnx?url';
import { parseManifest } from '../../src/detector/manifest.ts';
import type { Manifest } from '../../src/detector/manifest.ts';

/** The committed toy network, as the page gets it. */
export const tinyManifest: Manifest = parseManifest(manifestJson);
export const tinyModelUrl: string = modelUrl;
