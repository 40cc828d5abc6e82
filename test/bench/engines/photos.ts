import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '..', '..', '..');

/**
 * Files to measure with: photographs from FORELABEL_PHOTOS (a folder of JPEGs) or from the shared data set of faces,
 * else the drawn samples that come with the product. The same ones each time.
 */
export function photos(count: number): readonly string[] {
  const shared = join(
    process.env.FORELABEL_DATA ?? join(repository, '..', 'shared', 'data'),
    'caltech_faces',
    'images',
  );
  const folder = [process.env.FORELABEL_PHOTOS, shared, join(repository, 'public', 'samples')].find(
    (each) => each !== undefined && each !== '' && existsSync(each),
  );
  if (folder === undefined) return [];
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.jpe?g$/iu.test(name))
    .sort();
  const step = Math.max(1, Math.floor(files.length / count));
  return files
    .filter((_, index) => index % step === 0)
    .slice(0, count)
    .map((name) => join(folder, name));
}
