// CARD.md of the bundled model, with the numbers of the training that made it.

/** @param {number | undefined} value */
const number = (value) => (value === undefined ? 'none' : value.toFixed(3));

/**
 * @param {object} facts
 * @param {any} facts.manifest
 * @param {Record<'val' | 'gray' | 'dark' | 'drawn', Record<string, number>>} facts.results
 * @param {{ photographs: number, drawings: number, val: number }} facts.counts
 * @returns {string}
 */
export function demoCard({ manifest, results, counts }) {
  const [file] = manifest.files;
  const row = (/** @type {string} */ what, /** @type {Record<string, number>} */ m) =>
    `| ${what} | ${number(m.AP)} | ${number(m.AP50)} | ${number(m.AP75)} | ${number(m.AR)} |`;
  return `# demo-face

A small face detector, so that Forelabel has something to show before you bring a model of your own, and
something to fine-tune from. Version \`${manifest.name}-${file.sha256.slice(0, 8)}\`, trained ${manifest.lineage.date.slice(0, 10)}.

| | |
|---|---|
| Finds | ${manifest.classes.join(', ')} |
| Network | FCOS, ResNet-18 of half width, FPN of 64 channels; 320 x 320 pixels |
| Download | ${(file.bytes / 1e6).toFixed(1)} MB (weights in half precision, arithmetic in single) |
| Training | MMDetection, from scratch, ${manifest.lineage.epochs} epochs; \`npm run demo-model\` repeats it |

## Data

- ${counts.photographs} photographs of the category "Faces" of Caltech-101 (Fei-Fei Li, Marco Andreetto, Marc'Aurelio Ranzato,
  Pietro Perona; California Institute of Technology), training split, one labelled face each, about 27 people. Licence as
  stated where they are distributed: CC BY 4.0. The photographs are not part of Forelabel.
- ${counts.drawings} drawn portraits, made by \`scripts/portraits\`; their boxes are known by construction.

## Numbers

COCO metrics, 0 to 1, by pycocotools on what MMDetection's \`inference_detector\` finds.

| Images | AP | AP50 | AP75 | AR |
|---|---|---|---|---|
${row(`Caltech faces, validation split (${String(counts.val)})`, results.val)}
${row('the same in gray', results.gray)}
${row('the same at a third of the light', results.dark)}
${row('drawings it has not seen', results.drawn)}

## Limits

- A "face" is the whole head with its hair, because the photographs are labelled so. Other face detectors draw
  smaller boxes.
- It has seen few people, mostly looking at the camera. On other people's photographs, profiles, crowds and small
  faces (the picture is shrunk to 320 pixels first), it misses faces and finds some that are none: look at its boxes.
- It tells that there is a face, not whose. Do not use it to identify, count or judge people.
- Fine-tune it on your own images: \`config.py\` and \`checkpoint.pth\` (weights only) lie here for that.
`;
}
