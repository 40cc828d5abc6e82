/** 'localhost' and addresses have no relatives: every other name is another site to the browser. */
const standsAlone = (host: string): boolean => host === 'localhost' || /^[\d.]+$|^\[/u.test(host);

/**
 * Whether the relay can know this frame: its login comes along only where the page around is of the same site. True also
 * where that is not certain; then asking tells.
 *
 * @param own host name of this page: '127.0.0.1'
 * @param around origins of the pages around it; undefined where the browser does not say
 */
export function relayMayKnow(own: string, around: Iterable<string> | undefined): boolean {
  return [...(around ?? [])].every((origin) => {
    // A sandboxed page has none.
    if (!URL.canParse(origin)) return false;
    const { hostname } = new URL(origin);
    return hostname === own || !(standsAlone(hostname) || standsAlone(own));
  });
}
