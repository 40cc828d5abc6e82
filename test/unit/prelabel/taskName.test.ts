import { describe, expect, test } from 'vitest';
import { taskName } from '../../../src/prelabel/labelStudioSource.ts';

describe('the name of a task', () => {
  test.each([
    ['/data/upload/3/0a1b2c3d-photo%201.jpg', 'Task 7 · photo 1.jpg'],
    ['https://host/folder/photo.jpg?X-Signature=abc/def', 'Task 7 · photo.jpg'],
    ['/data/local-files/?d=folder/sub/photo.jpg', 'Task 7 · photo.jpg'],
    ['s3://bucket/0a1b2c3d-', 'Task 7 · 0a1b2c3d-'],
    ['data:image/png;base64,AAAA/BBBB', 'Task 7'],
    ['/data/upload/3/bad%ZZ.jpg', 'Task 7 · bad%ZZ.jpg'],
    [undefined, 'Task 7'],
  ])('%s', (image, name) => {
    expect(taskName({ id: 7, data: { image } }, 'image')).toBe(name);
  });
});
