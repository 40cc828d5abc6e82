import { expect, it } from 'vitest';
import { findPeerPython } from '../../bench/engines/peerPython.ts';

const make = ({ cuda }: { readonly cuda: boolean }) => Promise.resolve(cuda ? '/cuda' : '/cpu');
const offline = () => Promise.reject(new Error('No network.'));
const install = () => Promise.resolve('/torchvision');

it('is the one for CUDA where there is a GPU, with a compiled NMS', async () => {
  expect(await findPeerPython(make, () => Promise.resolve(true), install)).toEqual({
    python: '/cuda',
    cuda: true,
    torchvision: '/torchvision',
    problems: [],
  });
  expect(await findPeerPython(make, () => Promise.resolve(false), install)).toMatchObject({
    python: '/cpu',
    cuda: false,
    torchvision: null,
  });
});

it('is the one for the CPU where the other cannot be made, and says why', async () => {
  const cpuOnly = (options: { readonly cuda: boolean }) => (options.cuda ? offline() : make(options));
  expect(await findPeerPython(cpuOnly, () => Promise.resolve(true), install)).toMatchObject({
    python: '/cpu',
    cuda: false,
    problems: ['PyTorch for CUDA is left out: No network.'],
  });
});

it('is none without a network, and does not throw', async () => {
  expect(await findPeerPython(offline, () => Promise.resolve(false), install)).toMatchObject({
    python: null,
    problems: ['MMDetection is left out: No network.'],
  });
  expect(await findPeerPython(make, () => Promise.resolve(true), offline)).toMatchObject({
    python: '/cuda',
    torchvision: null,
    problems: [expect.stringMatching(/^torchvision is left out/u) as string],
  });
});
