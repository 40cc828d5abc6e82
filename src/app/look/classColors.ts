/**
 * One colour a class: Label Studio's where the class has become a label with a colour, else one of these,
 * chosen to stay apart from each other for colour-blind eyes.
 */
const palette: readonly string[] = [
  '#ff5a5f',
  '#2f9bff',
  '#ffb000',
  '#17b890',
  '#b47cff',
  '#ff8ac4',
  '#8fce00',
  '#00c2d1',
  '#ff7f32',
  '#9aa5ff',
];

/** A CSS colour for a class index. */
export function paletteColor(label: number): string {
  return palette[label % palette.length] ?? '#ff5a5f';
}

/** The colour of a label config, which anybody may have written: taken only when it is a CSS colour. */
export function labelColor(color: string | null, label: number): string {
  return color !== null && CSS.supports('color', color) ? color : paletteColor(label);
}
