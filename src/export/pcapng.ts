/**
 * Packets of a run as a pcapng file, which Wireshark and tshark open. One interface for loopback and one for each link; times are virtual, in nanoseconds
 * since the machine started; each packet has its step number as a comment. draft-ietf-opsawg-pcapng.
 */

import type { Capture } from './capture.js';
import { frameOf, type Timestamps } from './frame.js';
import { endpointText, type CapturedPacket } from './packet.js';

const LINKTYPE_ETHERNET = 1;

/** Blocks that are put together; numbers are little-endian. */
class Blocks {
  private readonly parts: Uint8Array[] = [];

  /** A block: type, length, body, length again. */
  add(type: number, body: Uint8Array): void {
    const padded = (body.length + 3) & ~3;
    const block = new Uint8Array(12 + padded);
    const view = new DataView(block.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, block.length, true);
    block.set(body, 8);
    view.setUint32(8 + padded, block.length, true);
    this.parts.push(block);
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 127);
}

/** Options of a block: code, length, value, padded; with the end of the list. */
function options(list: readonly (readonly [code: number, value: Uint8Array])[]): Uint8Array {
  const bytes: number[] = [];
  for (const [code, value] of list) {
    bytes.push(code & 255, code >> 8, value.length & 255, value.length >> 8, ...value);
    while (bytes.length % 4 !== 0) bytes.push(0);
  }
  return Uint8Array.from([...bytes, 0, 0, 0, 0]);
}

function joined(head: Uint8Array, ...rest: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(head.length + rest.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of [head, ...rest]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function sectionHeader(): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, 0x1a2b3c4d, true);
  view.setUint16(4, 1, true);
  view.setBigInt64(8, -1n, true);
  return joined(body, options([[4, ascii('epollsim')]]));
}

/** if_name is option 2, if_tsresol 9: ten to the minus nine seconds. */
function interfaceDescription(name: string): Uint8Array {
  const body = new Uint8Array(8);
  new DataView(body.buffer).setUint16(0, LINKTYPE_ETHERNET, true);
  return joined(body, options([[2, ascii(name)], [9, Uint8Array.of(9)]]));
}

function enhancedPacket(index: number, packet: CapturedPacket, frame: Uint8Array): Uint8Array {
  const body = new Uint8Array(20 + ((frame.length + 3) & ~3));
  const view = new DataView(body.buffer);
  view.setUint32(0, index, true);
  view.setUint32(4, Math.floor(packet.timeNs / 2 ** 32), true);
  view.setUint32(8, packet.timeNs % 2 ** 32, true);
  view.setUint32(12, frame.length, true);
  view.setUint32(16, frame.length, true);
  body.set(frame, 20);
  return joined(body, options([[1, ascii(`step ${packet.step}`)]]));
}

/** TCP timestamps: the clock of the sender, and the newest one that came from the other side. */
class StampBook {
  private readonly newest = new Map<string, number>();

  of(packet: CapturedPacket): Timestamps {
    const [from, to] = [endpointText(packet.from), endpointText(packet.to)];
    const value = 1 + Math.floor(packet.timeNs / 1e6);
    const echo = (packet.flags & 16) !== 0 ? this.newest.get(`${to} ${from}`) ?? 0 : 0;
    this.newest.set(`${from} ${to}`, value);
    return { value, echo };
  }
}

/** The packets of a run as the bytes of a pcapng file. */
export function pcapng(capture: Capture): Uint8Array {
  const devices = [...new Set(['lo', ...capture.packets.map(({ device }) => device)])];
  const blocks = new Blocks();
  blocks.add(0x0a0d0d0a, sectionHeader());
  for (const device of devices) blocks.add(1, interfaceDescription(device));
  const stamps = new StampBook();
  capture.packets.forEach((packet, index) => {
    blocks.add(6, enhancedPacket(devices.indexOf(packet.device), packet, frameOf(packet, (index + 1) & 0xffff, stamps.of(packet))));
  });
  return blocks.bytes();
}
