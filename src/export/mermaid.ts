/**
 * A run as a sequence diagram in Mermaid's text, for slides and pages: programs as participants, packets as arrows, calls as notes. mermaid.js.org,
 * "Sequence diagrams".
 */

import type { Capture } from './capture.js';
import { storyOf } from './story.js';

/** Characters that end or start something in Mermaid, as its own entity codes. */
function escaped(text: string): string {
  return text.replace(/[#;<>{}"]/g, (character) => `#${character.charCodeAt(0)};`).replace(/\s+/g, ' ');
}

/** The run as the text of a Mermaid diagram. */
export function mermaid(capture: Capture): string {
  const { lanes, happenings } = storyOf(capture);
  const id = (lane: string): string => `p${lanes.indexOf(lane) + 1}`;
  const lines = ['sequenceDiagram', ...lanes.map((lane) => `  participant ${id(lane)} as ${escaped(lane)}`)];
  for (const one of happenings) {
    if (one.kind === 'packet') lines.push(`  ${id(one.from)}${one.lost ? '-x' : '->>'}${id(one.to)}: ${escaped(one.text)}`);
    else lines.push(`  Note over ${id(one.lane)}: ${escaped(one.begins ? `${one.call.name}() sleeps` : one.call.text)}`);
  }
  return `${lines.join('\n')}\n`;
}
