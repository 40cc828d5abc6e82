/**
 * The path below Label Studio's address that an image's address stands for, or null when it is none that Label Studio
 * serves images under. Nothing else of Label Studio may be asked for with the user's token.
 *
 * @param asked absolute, or as a task has it ('/data/upload/1/a.jpg')
 * @param base Label Studio's address without a trailing slash; it may have a path
 */
export function mediaPath(asked: string, base: string): string | null {
  const root = new URL(base);
  if (asked.includes('\\') || !URL.canParse(asked, `${root.origin}/`)) return null;
  const url = new URL(asked, `${root.origin}/`);
  if (url.origin !== root.origin || url.username !== '' || url.password !== '') return null;
  const below = root.pathname.replace(/\/+$/u, '');
  const path =
    below !== '' && url.pathname.startsWith(`${below}/`) ? url.pathname.slice(below.length) : url.pathname;
  return isMedia(path) ? path + url.search : null;
}

/** Uploads and local files, resolved storage addresses, files of a storage. */
function isMedia(path: string): boolean {
  let plain: string;
  try {
    // A server decodes before it routes: what hides behind an escape counts.
    plain = decodeURIComponent(path);
  } catch {
    return false;
  }
  if (plain.includes('\\') || plain.includes('//') || plain.split('/').includes('..')) return false;
  return (
    /^\/(?:data\/(?:upload|local-files)|storage-data\/uploaded)\//u.test(plain) ||
    /^\/(?:tasks|projects)\/\d+\/(?:resolve|presign)\/?$/u.test(plain)
  );
}
