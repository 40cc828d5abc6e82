import { describe, expect, test } from 'vitest';
import {
  parseLabelConfig,
  requireRectangleControls,
  storedLabel,
} from '../../../src/labelstudio/labelConfig.ts';

const rectangles = (inside: string, attributes = 'name="label" toName="image"') =>
  `<View><Image name="image" value="$image"/><RectangleLabels ${attributes}>${inside}</RectangleLabels></View>`;

describe('parseLabelConfig', () => {
  test('reads the usual config', () => {
    const config = parseLabelConfig(`
      <View>
        <Image name="image" value="$image" zoom="true"/>
        <RectangleLabels name="label" toName="image" strokeWidth="3">
          <Label value="Face" background="#FFA39E" predicted_values="face, head ,"/>
          <Label value="Car" alias="vehicle"/>
        </RectangleLabels>
      </View>`);
    expect(config).toEqual({
      controls: [
        {
          name: 'label',
          toName: 'image',
          imageField: 'image',
          labels: [
            { value: 'Face', alias: null, predictedValues: ['face', 'head'], color: '#FFA39E' },
            { value: 'Car', alias: 'vehicle', predictedValues: [], color: null },
          ],
        },
      ],
      tagsFound: ['View', 'Image', 'RectangleLabels', 'Label'],
    });
  });

  test('finds controls, images and labels at any depth, the image after its control too', () => {
    const config = parseLabelConfig(`
      <View><View style="display:flex"><View>
        <RectangleLabels name="r" toName="i"><View><Label value="A"/></View><View><View><Label value="B"/></View></View></RectangleLabels>
      </View><View><Image name="i" value="$nested.photo"/></View></View></View>`);
    expect(config.controls).toHaveLength(1);
    expect(config.controls[0]).toMatchObject({ name: 'r', toName: 'i', imageField: 'nested.photo' });
    expect(config.controls[0]?.labels.map((label) => label.value)).toEqual(['A', 'B']);
  });

  test('several images and controls give one control for each pair', () => {
    const config = parseLabelConfig(`
      <View>
        <Image name="left" value="$a"/><Image name="right" value="$b"/>
        <RectangleLabels name="one" toName="left,right"><Label value="A"/></RectangleLabels>
        <RectangleLabels name="two" toName="right"><Label value="B"/></RectangleLabels>
      </View>`);
    expect(config.controls.map(({ name, toName, imageField }) => [name, toName, imageField])).toEqual([
      ['one', 'left', 'a'],
      ['one', 'right', 'b'],
      ['two', 'right', 'b'],
    ]);
  });

  test('decodes entities in values', () => {
    const config = parseLabelConfig(
      rectangles('<Label value="A &amp; B &quot;x&quot; &#233; &#xe9; &amp;lt;"/>'),
    );
    expect(config.controls[0]?.labels[0]?.value).toBe('A & B "x" é é &lt;');
  });

  test('keeps values that look like numbers or booleans as they are written', () => {
    const config = parseLabelConfig(
      rectangles('<Label value="007"/><Label value="1e3"/><Label value="true"/>'),
    );
    expect(config.controls[0]?.labels.map((label) => label.value)).toEqual(['007', '1e3', 'true']);
  });

  test('does not mind the case of tags, a prolog or comments', () => {
    const config = parseLabelConfig(
      `<?xml version="1.0"?><!-- <RectangleLabels/> --><view><image name="i" value="$i"/><rectanglelabels name="r" toname="i"/></view>`,
    );
    expect(config.controls).toEqual([{ name: 'r', toName: 'i', imageField: 'i', labels: [] }]);
  });

  test.each(['<View><A></View>', '', 'hello', '<View><Label value=x/></View>', '<View>'])(
    'malformed XML %j is an error with a place and a way out',
    (xml) => {
      expect(() => parseLabelConfig(xml)).toThrow(
        expect.objectContaining({
          code: 'label-config',
          message: expect.stringMatching(/Labeling Interface/u) as string,
        }),
      );
    },
  );
});

describe('requireRectangleControls', () => {
  const refusal = (xml: string) => () => requireRectangleControls(parseLabelConfig(xml));

  test('gives the controls', () => {
    expect(requireRectangleControls(parseLabelConfig(rectangles('<Label value="A"/>')))).toHaveLength(1);
  });

  test('names the tags that were found', () => {
    expect(refusal('<View><Text name="t" value="$t"/><Choices name="c" toName="t"/></View>')).toThrow(
      /no RectangleLabels tag \(tags found: View, Text, Choices\)/u,
    );
  });

  test('says that a Rectangle and Labels pair must become one tag', () => {
    expect(
      refusal(
        '<View><Image name="i" value="$i"/><Rectangle name="r" toName="i"/><Labels name="l" toName="i"/></View>',
      ),
    ).toThrow(/separate tags Rectangle and Labels/u);
  });

  test.each([
    '<View><Image name="i" valueList="$images"/><RectangleLabels name="r" toName="i"/></View>',
    '<View><Image name="i" value="http://example.org/a.png"/><RectangleLabels name="r" toName="i"/></View>',
    '<View><Video name="i" value="$v"/><RectangleLabels name="r" toName="i"/></View>',
  ])('says that there is no usable image: %s', (xml) => {
    expect(refusal(xml)).toThrow(/no Image with a value of the form \$field/u);
  });
});

test('storedLabel is the alias where there is one', () => {
  const control = parseLabelConfig(rectangles('<Label value="Car" alias="vehicle"/><Label value="Face"/>'))
    .controls[0];
  if (control === undefined) throw new Error('no control');
  expect([storedLabel(control, 'Car'), storedLabel(control, 'Face')]).toEqual(['vehicle', 'Face']);
});
