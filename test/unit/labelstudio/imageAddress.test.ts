import { expect, it } from 'vitest';
import { imageAddress } from '../../../src/labelstudio/imageAddress.ts';

const base = 'http://localhost:8080';
const addressOf = (image: string) => imageAddress({ id: 1, data: { image } }, 'image', base);

it.each([
  ['https://bucket.example/a.jpg?X-Amz-Signature=hidden', 'https://bucket.example/a.jpg'],
  ['https://user:hidden@bucket.example/a.jpg', 'https://bucket.example/a.jpg'],
  ['http://user:hidden@localhost:8080/data/upload/1/a.jpg', 'http://localhost:8080/data/upload/1/a.jpg'],
  ['s3://user:hidden@bucket/a.jpg', 's3://bucket/a.jpg'],
  ['/data/local-files/?d=cats/a.jpg', '/data/local-files/?d=cats/a.jpg'],
])('messages name %s without what opens it', (image, shown) => {
  expect(addressOf(image).shown).toBe(shown);
});

it('an address that nothing can open is named without its password too', () => {
  expect(() => addressOf('ftp://user:hidden@host.example/a.jpg')).toThrow('ftp://host.example/a.jpg');
  expect(() => addressOf('http://user:hidden@:99999/a.jpg')).toThrow('(http://:99999/a.jpg)');
});
