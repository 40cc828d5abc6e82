import { describe, expect, test } from 'vitest';
import { addressName, normalizeAddress } from '../../../src/labelstudio/address.ts';
import { LabelStudioError } from '../../../src/labelstudio/errors.ts';

describe('normalizeAddress', () => {
  test.each([
    ['http://localhost:8080', 'http://localhost:8080'],
    ['  http://localhost:8080/ ', 'http://localhost:8080'],
    ['http://localhost:8080/projects/3/data?task=2#x', 'http://localhost:8080'],
    ['localhost:8080', 'http://localhost:8080'],
    ['127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['labels.example.org', 'https://labels.example.org'],
    ['labels.example.org:8443/user/login/?next=/', 'https://labels.example.org:8443'],
    ['HTTPS://Labels.Example.org/', 'https://labels.example.org'],
    ['https://example.org/label-studio/projects/', 'https://example.org/label-studio'],
    ['https://example.org/tools/ls/', 'https://example.org/tools/ls'],
  ])('%s -> %s', (typed, expected) => {
    expect(normalizeAddress(typed)).toBe(expected);
  });

  test.each([
    '',
    '   ',
    'ftp://example.org',
    'file:///etc',
    'http://',
    'http://a b',
    'javascript://alert(1)',
  ])('refuses %j and says what to type', (typed) => {
    expect(() => normalizeAddress(typed)).toThrow(/Type the address/u);
  });

  test('refuses credentials and does not repeat them', () => {
    const refuse = () => normalizeAddress('http://ann:sesame@localhost:8080');
    expect(refuse).toThrow(LabelStudioError);
    expect(refuse).toThrow(/^(?!.*sesame).*password/u);
  });
});

describe('addressName', () => {
  test.each([
    ['http://127.0.0.1:8080', 'http://localhost:8080'],
    ['http://[::1]:8080', 'http://localhost:8080'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://other.localhost:8080', 'http://other.localhost:8080'],
    ['https://example.org/label-studio', 'https://example.org/label-studio'],
  ])('%s is %s', (address, name) => {
    expect(addressName(address)).toBe(name);
  });
});
