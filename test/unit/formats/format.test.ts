import { XMLParser, XMLValidator } from 'fast-xml-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as yaml from 'yaml';
import { aboveThreshold } from '../../../src/formats/imageDetections.ts';
import { isFormatName } from '../../../src/formats/format.ts';
import { regionToBox } from '../../../src/labelstudio/regions.ts';
import type { Region } from '../../../src/labelstudio/types.ts';
import { broken, classes, filesOf, imageLists } from './images.ts';

const one = {
  file: 'a/1.jpg',
  width: 200,
  height: 100,
  detections: [{ x1: 20, y1: 10, x2: 60.4, y2: 50, score: 0.9, label: 1 }],
  timings: { decode: 1, total: 5 },
};

function only(files: Map<string, string>, path: string): string {
  expect([...files.keys()]).toContain(path);
  return files.get(path) ?? '';
}

describe('jsonl', () => {
  it('writes exactly the fields of an image, and code and message of a broken one', async () => {
    const text = only(await filesOf('jsonl', [one, broken]), 'detections.jsonl');
    expect(text).toBe(
      '{"file":"a/1.jpg","width":200,"height":100,"detections":[{"label":"traffic \\"light\\"","score":0.9,"box":[20,10,60.4,50]}],"timings":{"decode":1,"total":5}}\n' +
        '{"file":"broken.jpg","error":{"code":"image-truncated","message":"The image file is damaged."}}\n',
    );
  });

  it('writes an empty file for no images', async () => {
    expect(only(await filesOf('jsonl', []), 'detections.jsonl')).toBe('');
  });

  it('reads back as it was, line by line', async () => {
    await fc.assert(
      fc.asyncProperty(imageLists, async (images) => {
        const text = only(await filesOf('jsonl', images), 'detections.jsonl');
        const rows = text.split('\n').slice(0, -1);
        expect(rows.map((row) => JSON.parse(row) as unknown)).toEqual(
          images.map((image) => ({
            file: image.file,
            width: image.width,
            height: image.height,
            detections: image.detections.map(({ x1, y1, x2, y2, score, label }) => ({
              label: classes[label],
              // JSON has no negative zero.
              score: score + 0,
              box: [x1 + 0, y1 + 0, x2 + 0, y2 + 0],
            })),
            timings: {},
          })),
        );
      }),
      { numRuns: 50 },
    );
  });
});

interface Coco {
  readonly categories: { id: number; name: string }[];
  readonly images: { id: number; file_name: string; width: number; height: number }[];
  readonly annotations: {
    id: number;
    image_id: number;
    category_id: number;
    bbox: [number, number, number, number];
    area: number;
    iscrowd: number;
    score: number;
  }[];
}

describe('coco', () => {
  it('is a dataset with ids from 1, boxes inside the image and areas that fit them', async () => {
    await fc.assert(
      fc.asyncProperty(imageLists, async (images) => {
        const coco = JSON.parse(only(await filesOf('coco', [...images, broken]), 'coco.json')) as Coco;
        expect(coco.categories.map(({ id, name }) => [id, name])).toEqual(
          classes.map((name, i) => [i + 1, name]),
        );
        expect(coco.images.map(({ id, file_name }) => [id, file_name])).toEqual(
          images.map(({ file }, index) => [index + 1, file]),
        );
        const expected = images.flatMap((image, index) =>
          image.detections.map((box) => ({ index, image, box })),
        );
        expect(coco.annotations).toHaveLength(expected.length);
        coco.annotations.forEach((annotation, place) => {
          const found = expected[place];
          if (found === undefined) throw new Error('one too many');
          const [x, y, width, height] = annotation.bbox;
          expect(annotation.id).toBe(place + 1);
          expect(annotation.image_id).toBe(found.index + 1);
          expect(annotation.category_id).toBe(found.box.label + 1);
          expect(annotation.iscrowd).toBe(0);
          expect(annotation.area).toBeCloseTo(width * height, 2);
          expect(Math.abs(x - found.box.x1)).toBeLessThan(0.001);
          expect(Math.abs(y - found.box.y1)).toBeLessThan(0.001);
          expect(Math.abs(x + width - found.box.x2)).toBeLessThan(0.002);
          expect(Math.abs(y + height - found.box.y2)).toBeLessThan(0.002);
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('labelstudio', () => {
  it('is an import of tasks with the boxes in percent', async () => {
    const files = await filesOf('labelstudio', [{ ...one, url: 'https://images.test/1.jpg' }, broken], {
      classes,
      modelVersion: 'm-12345678',
    });
    const tasks = JSON.parse(only(files, 'tasks.json')) as {
      data: Record<string, string>;
      predictions: { model_version: string; score: number; result: Region[] }[];
    }[];
    expect(tasks).toHaveLength(1);
    expect(tasks[0]?.data).toEqual({ image: 'https://images.test/1.jpg' });
    const prediction = tasks[0]?.predictions[0];
    expect(prediction).toMatchObject({ model_version: 'm-12345678', score: 0.9 });
    expect(prediction).not.toHaveProperty('task');
    const region = prediction?.result[0];
    if (region === undefined) throw new Error('no region');
    expect(region).toMatchObject({
      from_name: 'label',
      to_name: 'image',
      original_width: 200,
      original_height: 100,
    });
    expect(region.value.rectanglelabels).toEqual([classes[1]]);
    expect(regionToBox(region).x2).toBeCloseTo(60.4, 9);
  });

  it('follows a mapping, and leaves out what it leaves out', async () => {
    const control = {
      name: 'boxes',
      toName: 'photo',
      imageField: 'picture',
      labels: [{ value: 'Lamp', alias: null, predictedValues: [], color: null }],
    };
    const two = {
      ...one,
      detections: [...one.detections, { x1: 0, y1: 0, x2: 9, y2: 9, score: 0.5, label: 0 }],
    };
    const files = await filesOf('labelstudio', [two], {
      classes,
      mapping: { control, labels: [null, 'Lamp', null, null, null, null] },
    });
    const text = only(files, 'tasks.json');
    expect(JSON.parse(text)).toMatchObject([
      {
        data: { picture: 'a/1.jpg' },
        predictions: [
          { result: [{ from_name: 'boxes', to_name: 'photo', value: { rectanglelabels: ['Lamp'] } }] },
        ],
      },
    ]);
    expect(text.match(/rectanglelabels":\[/gu)).toHaveLength(1);
  });

  it('is valid JSON for no images', async () => {
    expect(JSON.parse(only(await filesOf('labelstudio', []), 'tasks.json'))).toEqual([]);
  });
});

describe('yolo', () => {
  it('gives every box back within half a thousandth of the image', async () => {
    await fc.assert(
      fc.asyncProperty(imageLists, async (images) => {
        const files = await filesOf('yolo', [...images, broken]);
        expect(files.size).toBe(images.length + 2);
        for (const [index, image] of images.entries()) {
          const lines = only(files, `labels/dir ${index}/ä<&"${index}.txt`).split('\n').slice(0, -1);
          const boxes = lines.map((line) => line.split(' ').map(Number));
          expect(boxes.map(([label]) => label)).toEqual(image.detections.map(({ label }) => label));
          boxes.forEach(([, centerX = NaN, centerY = NaN, width = NaN, height = NaN], place) => {
            const box = image.detections[place];
            if (box === undefined) throw new Error('one too many');
            expect(Math.abs(centerX - width / 2 - box.x1 / image.width)).toBeLessThan(5e-4);
            expect(Math.abs(centerY + height / 2 - box.y2 / image.height)).toBeLessThan(5e-4);
          });
        }
      }),
      { numRuns: 50 },
    );
  });

  it('names the classes so that a YAML reader gets them back', async () => {
    const files = await filesOf('yolo', [one]);
    expect(yaml.parse(only(files, 'data.yaml'))).toMatchObject({
      names: Object.fromEntries(classes.map((name, index) => [index, name])),
    });
    expect(only(files, 'classes.txt').split('\n').slice(0, -1)).toEqual(classes);
  });

  it('writes an empty file for an image without boxes', async () => {
    expect(only(await filesOf('yolo', [{ ...one, detections: [] }]), 'labels/a/1.txt')).toBe('');
  });
});

/** The reader itself forgives broken XML. */
function isWellFormed(xml: string): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- it moves to a package of its own, unchanged
  return XMLValidator.validate(xml) === true;
}

describe('voc', () => {
  const parser = new XMLParser({
    parseTagValue: false,
    isArray: (name) => name === 'object',
    trimValues: false,
  });
  interface Voc {
    readonly annotation: {
      readonly filename: string;
      readonly size: { readonly width: string; readonly height: string };
      readonly object?: { name: string; bndbox: Record<'xmin' | 'ymin' | 'xmax' | 'ymax', string> }[];
    };
  }

  it('is well-formed and gives names and boxes back to the pixel', async () => {
    await fc.assert(
      fc.asyncProperty(imageLists, async (images) => {
        const files = await filesOf('voc', [...images, broken]);
        expect(files.size).toBe(images.length);
        for (const [index, image] of images.entries()) {
          const text = only(files, `Annotations/dir ${index}/ä<&"${index}.xml`);
          expect(isWellFormed(text)).toBe(true);
          const { annotation } = parser.parse(text) as Voc;
          expect(annotation.filename).toBe(image.file);
          expect(Number(annotation.size.width)).toBe(image.width);
          const objects = annotation.object ?? [];
          expect(objects.map(({ name }) => name)).toEqual(
            image.detections.map(({ label }) => classes[label]),
          );
          objects.forEach(({ bndbox }, place) => {
            const box = image.detections[place];
            if (box === undefined) throw new Error('one too many');
            const [xmin, xmax] = [Number(bndbox.xmin), Number(bndbox.xmax)];
            expect(xmin).toBeGreaterThanOrEqual(1);
            expect(xmax).toBeLessThanOrEqual(image.width);
            expect(xmax).toBeGreaterThanOrEqual(xmin);
            // Half a pixel of rounding, or the pixel that a thinner box keeps.
            expect(Math.abs(xmin - 1 - box.x1)).toBeLessThanOrEqual(1);
            expect(Math.abs(xmax - box.x2)).toBeLessThanOrEqual(1);
          });
        }
      }),
      { numRuns: 50 },
    );
  });

  it('counts pixels from 1 and includes the last one', async () => {
    const text = only(await filesOf('voc', [one]), 'Annotations/a/1.xml');
    expect(text).toContain('<xmin>21</xmin><ymin>11</ymin><xmax>60</xmax><ymax>50</ymax>');
  });

  it('is well-formed even for names that XML cannot hold', async () => {
    const text = only(
      await filesOf('voc', [one], { classes: ['a', 'b\u0000\uD800<c>'] }),
      'Annotations/a/1.xml',
    );
    expect(isWellFormed(text)).toBe(true);
    expect(text).toContain('b\uFFFD\uFFFD&lt;c&gt;');
  });
});

describe('all formats', () => {
  it('leave out what is below the threshold, and keep what is on it', async () => {
    const scores = [0.1, 0.3, 0.29999, 0.9];
    const detections = scores.map((score) => ({ x1: 0, y1: 0, x2: 1, y2: 1, score, label: 0 }));
    const kept: number[] = [];
    for await (const image of aboveThreshold([{ ...one, detections }], 0.3)) {
      kept.push(...image.detections.map(({ score }) => score));
    }
    expect(kept).toEqual([0.3, 0.9]);
  });

  it('never write outside their folder', async () => {
    for (const file of [
      '../../etc/passwd.jpg',
      '/etc/x.jpg',
      'C:\\a\\..\\b.jpg',
      '..',
      'a/./../b.png',
      '..\\..\\c.jpg',
    ]) {
      for (const name of ['yolo', 'voc'] as const) {
        for (const path of (await filesOf(name, [{ ...one, file }])).keys()) {
          expect(path).not.toMatch(/^\/|^[A-Za-z]:|\\|(?:^|\/)\.\.(?:\/|$)/u);
        }
      }
    }
  });

  it('refuse two images that would share a label file, and say which', async () => {
    const twins = [one, { ...one, file: 'a/1.PNG' }];
    for (const name of ['yolo', 'voc'] as const) {
      await expect(filesOf(name, twins)).rejects.toMatchObject({
        code: 'name-collision',
        message: expect.stringMatching(/a\/1\.jpg and a\/1\.PNG/u) as unknown,
      });
    }
    expect((await filesOf('coco', twins)).size).toBe(1);
  });

  it('refuse a class that the model does not have', async () => {
    for (const name of ['jsonl', 'coco', 'labelstudio', 'yolo', 'voc'] as const) {
      await expect(filesOf(name, [one], { classes: ['face'] })).rejects.toMatchObject({
        code: 'unknown-class',
      });
    }
  });

  it('are known by name', () => {
    expect(isFormatName('coco')).toBe(true);
    expect(isFormatName('toString')).toBe(false);
  });
});
