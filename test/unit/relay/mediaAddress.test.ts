import { expect, it } from 'vitest';
import { mediaPath } from '../../../src/relay/media/mediaAddress.ts';

const base = 'http://ls.example:8080';

it.each([
  ['/data/upload/1/a%20b.jpg', '/data/upload/1/a%20b.jpg'],
  [`${base}/data/upload/1/a.jpg`, '/data/upload/1/a.jpg'],
  ['/data/local-files/?d=photos/a.jpg', '/data/local-files/?d=photos/a.jpg'],
  ['/tasks/7/resolve/?fileuri=czM6Ly9h', '/tasks/7/resolve/?fileuri=czM6Ly9h'],
  ['/projects/7/presign/?fileuri=czM6Ly9h', '/projects/7/presign/?fileuri=czM6Ly9h'],
  ['/storage-data/uploaded/?filepath=upload/1/a.jpg', '/storage-data/uploaded/?filepath=upload/1/a.jpg'],
])('%s is an image of Label Studio', (asked, path) => {
  expect(mediaPath(asked, base)).toBe(path);
});

it('finds the way where Label Studio lies under a path', () => {
  expect(mediaPath('/label/data/upload/1/a.jpg', `${base}/label`)).toBe('/data/upload/1/a.jpg');
  expect(mediaPath('/data/upload/1/a.jpg', `${base}/label`)).toBe('/data/upload/1/a.jpg');
});

it.each([
  '',
  '/',
  '/api/token/',
  '/api/tasks/1',
  '/data/export/1',
  '/user/login/',
  '/tasks/1/annotations/',
  '/tasks/1/resolve/../../../api/token/',
  '/data/upload/../../api/current-user/whoami',
  '/data/upload/%2e%2e/%2e%2e/api/token/',
  '/data/upload/..%2f..%2fapi/token/',
  '/data/upload/..%5c..%5capi/token/',
  '/data/upload/\\..\\..\\api/token/',
  '/data/upload/%E0%A4%A/a.jpg',
  '/data//upload/1/a.jpg',
  'http://ls.example:8081/data/upload/1/a.jpg',
  'https://ls.example:8080/data/upload/1/a.jpg',
  'http://evil.example/data/upload/1/a.jpg',
  '//evil.example/data/upload/1/a.jpg',
  'http://ls.example:8080@evil.example/data/upload/1/a.jpg',
  'http://user:pass@ls.example:8080/data/upload/1/a.jpg',
  'file:///data/upload/1/a.jpg',
  'data:image/png;base64,AAAA',
  'http://169.254.169.254/data/upload/1',
])('%j is none', (asked) => {
  expect(mediaPath(asked, base)).toBeNull();
});
