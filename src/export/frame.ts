/**
 * The bytes of a packet as they would be on an Ethernet: frame, IPv4 or IPv6, TCP, UDP or ICMP, with lengths and checksums that are right. RFC 791,
 * 8200, 9293, 768, 792; options of TCP are those that Linux sends here: MSS, window scale and timestamps (RFC 7323).
 */

import type { CapturedPacket, Endpoint } from './packet.js';

const ETHERNET = 14;
const PROTOCOL: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1 };

/** Timestamps that a packet carries: its own, and the last one of the other side. Milliseconds. */
export interface Timestamps {
  readonly value: number;
  readonly echo: number;
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value);
}

/** The sum of the Internet checksum, not yet complemented. RFC 1071 */
function sumOf(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  return sum;
}

function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/** A locally administered address with the last bytes of the IP address; loopback has none. */
function mac(device: string, { address }: Endpoint): number[] {
  return device === 'lo' ? [0, 0, 0, 0, 0, 0] : [2, 0, ...address.subarray(address.length - 4)];
}

function tcpOptions(packet: CapturedPacket, times: Timestamps): number[] {
  const stamp = [1, 1, 8, 10, ...u32(times.value), ...u32(times.echo)];
  const mss = packet.mss >= 0 ? [2, 4, packet.mss >>> 8, packet.mss & 255] : [];
  const scale = packet.windowScale >= 0 ? [1, 3, 3, packet.windowScale] : [];
  return [...mss, ...stamp, ...scale];
}

function u32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function tcpHeader(packet: CapturedPacket, times: Timestamps): Uint8Array {
  const options = tcpOptions(packet, times);
  const header = new Uint8Array(20 + options.length);
  put16(header, 0, packet.from.port);
  put16(header, 2, packet.to.port);
  put32(header, 4, packet.seq);
  put32(header, 8, (packet.flags & 16) !== 0 ? packet.ack : 0);
  header[12] = (header.length / 4) << 4;
  header[13] = packet.flags;
  put16(header, 14, packet.window);
  put16(header, 18, (packet.flags & 32) !== 0 ? packet.urgent : 0);
  header.set(options, 20);
  return header;
}

function udpHeader(packet: CapturedPacket): Uint8Array {
  const header = new Uint8Array(8);
  put16(header, 0, packet.from.port);
  put16(header, 2, packet.to.port);
  put16(header, 4, 8 + packet.data.length);
  return header;
}

/** An ICMP error with the beginning of the packet that it is about: its IP header and eight bytes. */
function icmpMessage(packet: CapturedPacket): Uint8Array {
  const { code, protocol, from, to, seq } = packet.unreachable!;
  const inner = new Uint8Array(8);
  put16(inner, 0, from.port);
  put16(inner, 2, to.port);
  if (protocol === PROTOCOL['tcp']) put32(inner, 4, seq);
  else put16(inner, 4, 8);
  const ip = ipHeader(from, to, protocol, inner.length, 0);
  const message = new Uint8Array(8 + ip.length + inner.length);
  message[0] = 3;
  message[1] = code;
  message.set(ip, 8);
  message.set(inner, 8 + ip.length);
  put16(message, 2, checksum(sumOf(message)));
  return message;
}

function ipHeader(from: Endpoint, to: Endpoint, protocol: number, length: number, id: number): Uint8Array {
  if (from.address.length === 16) {
    const header = new Uint8Array(40);
    header[0] = 0x60;
    put16(header, 4, length);
    header[6] = protocol;
    header[7] = 64;
    header.set(from.address, 8);
    header.set(to.address, 24);
    return header;
  }
  const header = new Uint8Array(20);
  header[0] = 0x45;
  put16(header, 2, 20 + length);
  put16(header, 4, id);
  header[6] = 0x40; // do not fragment
  header[8] = 64;
  header[9] = protocol;
  header.set(from.address, 12);
  header.set(to.address, 16);
  put16(header, 10, checksum(sumOf(header)));
  return header;
}

/** The sum over the pseudo-header of TCP and UDP. RFC 9293, 3.1 */
function pseudoSum(packet: CapturedPacket, length: number): number {
  return sumOf(packet.from.address) + sumOf(packet.to.address) + PROTOCOL[packet.protocol]! + length;
}

/** What follows the IP header, with its checksum. */
function transport(packet: CapturedPacket, times: Timestamps): Uint8Array {
  if (packet.protocol === 'icmp') return icmpMessage(packet);
  const header = packet.protocol === 'tcp' ? tcpHeader(packet, times) : udpHeader(packet);
  const whole = new Uint8Array(header.length + packet.data.length);
  whole.set(header);
  whole.set(packet.data, header.length);
  const sum = checksum(sumOf(whole, pseudoSum(packet, whole.length)));
  // UDP says with 0 that there is no checksum, so a sum of 0 is sent as all ones. RFC 768
  put16(whole, packet.protocol === 'tcp' ? 16 : 6, sum === 0 && packet.protocol === 'udp' ? 0xffff : sum);
  return whole;
}

/**
 * The frame of a packet.
 * @param id the IPv4 identification
 * @param times TCP timestamps, milliseconds
 */
export function frameOf(packet: CapturedPacket, id: number, times: Timestamps): Uint8Array {
  const payload = transport(packet, times);
  const ip = ipHeader(packet.from, packet.to, PROTOCOL[packet.protocol]!, payload.length, id);
  const frame = new Uint8Array(ETHERNET + ip.length + payload.length);
  frame.set(mac(packet.device, packet.to), 0);
  frame.set(mac(packet.device, packet.from), 6);
  put16(frame, 12, packet.from.address.length === 16 ? 0x86dd : 0x0800);
  frame.set(ip, ETHERNET);
  frame.set(payload, ETHERNET + ip.length);
  return frame;
}
