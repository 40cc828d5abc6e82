// `node --import`: threads and scripts may import the product's TypeScript as it is.
import { register } from 'node:module';

register('./typescript.mjs', import.meta.url);
