import * as v from 'valibot';
import { fileSource } from '../../prelabel/fileSource.ts';
import type { Source } from '../../prelabel/types.ts';

const samplesSchema = v.array(
  v.object({ file: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/u)) }),
);

async function get(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response;
}

/** The drawn images that come with Forelabel, so that the first visit shows what it does. */
export async function listSamples(): Promise<Source> {
  try {
    const samples = v.parse(samplesSchema, await (await get('/samples/samples.json')).json());
    const files = samples.map(({ file }) => ({
      path: file,
      blob: async () => (await get(`/samples/${file}`)).blob(),
    }));
    return fileSource('samples', 'Sample images', files);
  } catch (cause) {
    throw new Error('The sample images are missing. Build the app again, or open a folder of your own.', {
      cause,
    });
  }
}
