/** Addresses as objects are the bytes of struct sockaddr, and back. */

import { readAddress, sockaddr } from '../../src/scenario/address.js';

test.each([
  [{ port: 7000 }, { family: 2, port: 7000, host: '127.0.0.1' }],
  [{ port: 80, host: '10.1.2.3' }, { family: 2, port: 80, host: '10.1.2.3' }],
  [{ port: 80, family: 'inet6' as const }, { family: 10, port: 80, host: '::1' }],
  [{ port: 80, host: 'fe80::1:2' }, { family: 10, port: 80, host: 'fe80::1:2' }],
  [{ port: 80, host: '::' }, { family: 10, port: 80, host: '::' }],
  [{ port: 80, host: '::ffff:127.0.0.1' }, { family: 10, port: 80, host: '::ffff:127.0.0.1' }],
  [{ path: '/tmp/s' }, { family: 1, path: '/tmp/s' }],
  [{ path: '\0hidden' }, { family: 1, path: '\0hidden' }],
])('%j', (address, read) => {
  expect(readAddress(sockaddr(address).bytes)).toEqual(read);
});

test('what is no address is refused, and nothing stored is no address', () => {
  expect(() => sockaddr({ port: 1, host: '1.2.3' })).toThrow('not an IPv4 address: 1.2.3');
  expect(() => sockaddr({ port: 1, host: '1:2' })).toThrow('not an IPv6 address: 1:2');
  expect(readAddress(new Uint8Array(0))).toBeNull();
});
