import { XMLParser, XMLValidator } from 'fast-xml-parser';
import * as v from 'valibot';
import { LabelStudioError } from './errors.ts';

/** One element of a label config; text between elements is of no interest. */
export interface XmlElement {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  attributesGroupName: false,
  allowBooleanAttributes: true,
  // Decodes numeric entities in addition to XML's five.
  htmlEntities: true,
  parseAttributeValue: false,
  parseTagValue: false,
});

/** fast-xml-parser's ordered form: `{Tag: [children], ':@': {attributes}}`. */
const nodeSchema = v.record(v.string(), v.unknown());
const nodesSchema = v.array(nodeSchema);
const attributesSchema = v.record(v.string(), v.union([v.string(), v.boolean()]));

/**
 * The root elements of a label config. Throws `LabelStudioError` 'label-config' with the place of the
 * first mistake.
 */
export function parseXml(xml: string): XmlElement[] {
  // Its successor, a package of its own, brings three more with it for the same check.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const valid = XMLValidator.validate(xml, { allowBooleanAttributes: true });
  if (valid !== true) throw malformed(`line ${valid.err.line}: ${valid.err.msg}`);
  try {
    return elementsOf(parser.parse(xml));
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : 'it cannot be read', cause);
  }
}

/** All elements below and including the given ones, in document order. */
export function descendants(elements: readonly XmlElement[]): XmlElement[] {
  return elements.flatMap((element) => [element, ...descendants(element.children)]);
}

/** An attribute whatever its case (the editor lowers names), null when it is missing or empty. */
export function attribute(element: XmlElement, name: string): string | null {
  const value = element.attributes.get(name.toLowerCase());
  return value === undefined || value === '' ? null : value;
}

function elementsOf(nodes: unknown): XmlElement[] {
  return v.parse(nodesSchema, nodes).flatMap((node) => {
    const tag = Object.keys(node).find((key) => key !== ':@');
    if (tag === undefined || tag.startsWith('#') || tag.startsWith('?')) return [];
    const attributes = v.parse(attributesSchema, node[':@'] ?? {});
    return [
      {
        tag,
        attributes: new Map(
          Object.entries(attributes).map(([key, value]) => [key.toLowerCase(), String(value)]),
        ),
        children: elementsOf(node[tag]),
      },
    ];
  });
}

function malformed(detail: string, cause?: unknown): LabelStudioError {
  const what = detail.replace(/\.$/u, '');
  return new LabelStudioError(
    'label-config',
    `The project's labeling interface is not well-formed XML (${what}). Correct it in Label Studio under Settings, Labeling Interface.`,
    { cause },
  );
}
