/** What the bridge says by itself, where the panel cannot: two sentences each. */

export type Trouble = 'not-running' | 'not-allowed' | 'blocked';

/**
 * @param forelabel origin of Forelabel
 * @param here origin of the Label Studio that the bridge runs in
 */
export function wordsFor(
  trouble: Trouble,
  forelabel: string,
  here: string,
): { readonly text: string; readonly link?: { readonly text: string; readonly href: string } } {
  switch (trouble) {
    case 'not-running':
      return { text: `Forelabel does not answer at ${forelabel}. Start it there and try again.` };
    case 'not-allowed':
      return {
        text: 'Forelabel shows its panel only in a Label Studio that you have allowed. Allow this one, then come back here.',
        link: {
          text: 'Allow this Label Studio',
          href: `${forelabel}/#/label-studio?allow=${encodeURIComponent(here)}`,
        },
      };
    case 'blocked':
      return {
        text: 'This Label Studio lets no other page in (Content-Security-Policy). Use Forelabel in a window beside it, or ask whoever runs the server to leave LS_CSP_REPORT_ONLY at its default.',
        link: { text: 'Open Forelabel', href: `${forelabel}/` },
      };
  }
}
