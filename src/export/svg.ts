/**
 * A run as a sequence diagram in SVG, for slides: a line of life for each program, a bar while it is in a system call, arrows for packets. A packet of
 * a link arrives lower than it left; a lost one ends in a cross.
 */

import type { Capture, CapturedCall } from './capture.js';
import { storyOf, type Happening, type PacketHappening } from './story.js';

const LANE = 260;
const ROW = 26;
const TOP = 56;
const LEFT = 150;
/** room for the labels of the last program */
const MARGIN = 80;
const LONGEST_LABEL = 40;

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function label(text: string): string {
  return escaped(text.length <= LONGEST_LABEL ? text : `${text.slice(0, LONGEST_LABEL - 1)}…`);
}

/** Where things are: a row for each happening in their order, and one for each arrival that comes later than the departure. */
class Rows {
  private readonly places = new Map<Happening, { from: number; to: number }>();
  private readonly calls = new Map<CapturedCall, number>();
  private count = 0;

  constructor(happenings: readonly Happening[]) {
    const marks: { step: number; set: (y: number) => void }[] = [];
    for (const one of happenings) {
      const place = { from: 0, to: 0 };
      this.places.set(one, place);
      marks.push({ step: one.step, set: (y) => { place.from = place.to = y; } });
      const arrived = one.kind === 'packet' ? one.packet.arrivedStep : null;
      if (arrived !== null && arrived > one.step) marks.push({ step: arrived, set: (y) => { place.to = y; } });
    }
    marks.sort((a, b) => a.step - b.step);
    for (const { set } of marks) set(TOP + ROW * ++this.count);
    for (const one of happenings) if (one.kind === 'call' && !this.calls.has(one.call)) this.calls.set(one.call, this.y(one));
  }

  y(one: Happening): number {
    return this.places.get(one)!.from;
  }

  /** Where a packet arrives. */
  arrival(one: Happening): number {
    return this.places.get(one)!.to;
  }

  /** Where a call began. */
  begin(call: CapturedCall): number {
    return this.calls.get(call)!;
  }

  get height(): number {
    return TOP + ROW * (this.count + 1);
  }
}

const STYLE = `text{font:12px ui-monospace,monospace;fill:#222}.head{font-weight:bold;text-anchor:middle}.life{stroke:#999;stroke-dasharray:3 4}.call{fill:#dbe9ff;stroke:#5b82c0}`
  + `.packet{stroke:#1b6e3c;stroke-width:1.5;marker-end:url(#arrow)}.lost{stroke:#b3261e;stroke-width:1.5;marker-end:url(#cross)}.step{fill:#777;text-anchor:end}.said{fill:#1b6e3c;text-anchor:middle}`;
const MARKERS = '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#1b6e3c"/></marker>'
  + '<marker id="cross" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="9" markerHeight="9"><path d="M0 0L8 8M8 0L0 8" stroke="#b3261e" fill="none"/></marker></defs>';

/** An arrow with its label. A packet of a program to itself is a loop beside its line. */
function arrow(one: PacketHappening, x: (lane: string) => number, rows: Rows): string {
  const { text, lost } = one;
  const [y1, y2, x1, to] = [rows.y(one), rows.arrival(one), x(one.from), x(one.to)];
  if (x1 === to) return `<path class="packet" fill="none" d="M${x1} ${y1 - 8}h24v10h-22"/><text class="said" x="${x1 + 110}" y="${y1}">${label(text)}</text>`;
  const x2 = lost ? (x1 + to) / 2 : to - Math.sign(to - x1) * 5;
  return `<line class="${lost ? 'lost' : 'packet'}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/><text class="said" x="${(x1 + to) / 2}" y="${(y1 + y2) / 2 - 4}">${label(text)}</text>`;
}

/** The run as the text of an SVG picture. */
export function svg(capture: Capture): string {
  const { lanes, happenings } = storyOf(capture);
  const rows = new Rows(happenings);
  const x = (lane: string): number => LEFT + LANE * lanes.indexOf(lane);
  const width = LEFT + LANE * lanes.length + MARGIN;
  const parts: string[] = [];
  for (const lane of lanes) {
    parts.push(`<text class="head" x="${x(lane)}" y="${TOP - 16}">${escaped(lane)}</text><line class="life" x1="${x(lane)}" y1="${TOP}" x2="${x(lane)}" y2="${rows.height}"/>`);
  }
  for (const one of happenings) {
    parts.push(`<text class="step" x="48" y="${rows.y(one) + 4}">${one.step}</text>`);
    if (one.kind === 'packet') {
      parts.push(arrow(one, x, rows));
      continue;
    }
    const { call } = one;
    const y = rows.y(one);
    const from = rows.begin(call);
    if (!one.begins) parts.push(`<rect class="call" x="${x(one.lane) - 5}" y="${from - 6}" width="10" height="${Math.max(12, y - from + 6)}"/>`);
    parts.push(`<text x="${x(one.lane) + 12}" y="${y + 4}"><title>${escaped(call.text)}</title>${label(one.begins ? `${call.name}() ...` : call.text)}</text>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${rows.height}" width="${width}" height="${rows.height}" role="img"><style>${STYLE}</style>${MARKERS}\n${parts.join('\n')}\n</svg>\n`;
}
