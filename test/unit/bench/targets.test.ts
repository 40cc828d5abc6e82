import { expect, it } from 'vitest';
import { besideMMDetection, onTheSameGpu, type OnTheGpu } from '../../bench/engines/targets.ts';
import type { Row } from '../../bench/engines/table.ts';

const row = { timesMMDetection: 3, timesMMDetectionOnGpu: 0.9 } as Row;
const there: OnTheGpu = {
  gpus: ['NVIDIA H100'],
  webgpu: row,
  webgpuLeftOut: null,
  mmdetection: 'NVIDIA H100',
  mmdetectionLeftOut: null,
};

it('compares WebGPU with PyTorch on the GPU, not with PyTorch on the CPU', () => {
  expect(onTheSameGpu(there)).toEqual({ ratio: 0.9 });
});

it('fails where there is a GPU and one of the two did not run on it', () => {
  expect(onTheSameGpu({ ...there, mmdetection: 'CPU' })).toEqual({
    fail: expect.stringMatching(/H100, but MMDetection ran on the CPU/u) as string,
  });
  expect(onTheSameGpu({ ...there, mmdetection: null, mmdetectionLeftOut: 'No disk.' })).toEqual({
    fail: expect.stringMatching(/did not run on it: No disk\./u) as string,
  });
  expect(onTheSameGpu({ ...there, webgpu: undefined, webgpuLeftOut: 'No Vulkan.' })).toEqual({
    fail: expect.stringMatching(/no WebGPU engine could be opened on it: No Vulkan\./u) as string,
  });
});

it('has nothing to say where there is no GPU, with WebGPU or without', () => {
  expect(onTheSameGpu({ ...there, gpus: [], mmdetection: null })).toHaveProperty('skip');
  expect(onTheSameGpu({ ...there, gpus: [], mmdetection: null, webgpu: undefined })).toHaveProperty('skip');
});

it('does not judge beside an MMDetection that is not there, and fails for what was not measured', () => {
  expect(besideMMDetection(row, null)).toEqual({ ratio: 3 });
  expect(besideMMDetection(row, 'No network.')).toEqual({ skip: 'No network.' });
  expect(besideMMDetection(undefined, null)).toHaveProperty('fail');
});
