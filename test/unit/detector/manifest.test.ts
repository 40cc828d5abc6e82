import { describe, expect, it } from 'vitest';
import { ManifestError, modelVersion, parseManifest, primaryFile } from '../../../src/detector/manifest.ts';
import { readCase } from './fixtures.ts';

const { manifest } = readCase('heads-borders');

/** The manifest with one field changed; an undefined value removes it. */
function changed(path: string, value: unknown): unknown {
  const json = JSON.parse(JSON.stringify(manifest)) as Record<string, unknown>;
  const keys = path.split('.');
  let at = json;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1) ?? ''] = value;
  return JSON.parse(JSON.stringify(json)) as unknown;
}

describe('parseManifest', () => {
  it('gives back a good manifest, classes in their order', () => {
    const names = ['zebra', 'ant', 'Zebra'];
    expect(parseManifest(changed('classes', names)).classes).toEqual(names);
    expect(parseManifest(changed('name', manifest.name))).toEqual(manifest);
  });

  it.each([
    ['schema', 2],
    ['name', '../evil'],
    ['architecture', 'RetinaNet'],
    ['classes', []],
    ['classes', ['']],
    ['input.channelOrder', 'gbr'],
    ['input.mean', [1, 2]],
    ['input.resize.rule', 'crop'],
    ['input.resize.width', 0],
    ['input.padDivisor', 1.5],
    ['outputs.levels', []],
    ['outputs.cls', 'softmax'],
    ['outputs.bbox', undefined],
    ['postprocess.scoreThreshold', 1.1],
    ['postprocess.nmsPre', -1],
    ['postprocess.nms.type', 'soft_nms'],
    ['postprocess.nms.iouThreshold', '0.5'],
    ['postprocess.scoreRule', 'centerness'],
    ['golden.tolerance', null],
    ['files', []],
    ['files.0.path', '../model.onnx'],
    ['files.0.sha256', 'ABC'],
    ['lineage', undefined],
  ])('names %s when it is %j', (path, value) => {
    const parse = () => parseManifest(changed(path, value));
    expect(parse).toThrow(ManifestError);
    expect(parse).toThrow(path);
    expect(parse).toThrow(/Export the model again/u);
  });

  it.each([null, 'text', 7, []])('refuses %j', (json) => {
    expect(() => parseManifest(json)).toThrow(ManifestError);
  });
});

describe('the model version', () => {
  it('is the name and the first 8 hex digits of the first file', () => {
    const [file] = manifest.files;
    if (file === undefined) throw new Error('the fixture has a file');
    const sha256 = 'deadbeef'.repeat(8);
    const two = { ...manifest, name: 'faces', files: [{ ...file, sha256 }, file] };
    expect(primaryFile(two).sha256).toBe(sha256);
    expect(modelVersion(two)).toBe('faces-deadbeef');
  });
});
