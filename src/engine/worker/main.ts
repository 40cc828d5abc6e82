import { expose } from 'comlink';
import { registerErrorTransfer } from '../errorTransfer.ts';
import { DetectorWorker } from './detectorWorker.ts';

// ONNX Runtime starts its threads from this same file; they must not answer the page.
if (!self.name.startsWith('em-pthread')) {
  registerErrorTransfer();
  expose(new DetectorWorker());
}
