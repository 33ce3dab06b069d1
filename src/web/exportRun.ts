/**
 * A run as files to keep: the sequence diagram as SVG and as Mermaid text, the recording. The run is made once more under the eyes of a capture.
 */

import type { Session } from '../debug/session.js';
import { Capture } from '../export/capture.js';
import { mermaid } from '../export/mermaid.js';
import { storyOf, type PacketHappening } from '../export/story.js';
import { svg } from '../export/svg.js';
import { replayScenario, type Scenario } from '../scenario/index.js';

/** What a run can be kept as. */
export type ExportKind = 'svg' | 'mermaid' | 'recording';

export const EXPORT_KINDS: readonly ExportKind[] = ['svg', 'mermaid', 'recording'];

/** The run of a session again, with all its packets. Moves like the session does, so that step numbers are the same. */
export function captureOf(session: Session, scenario: Scenario): Capture {
  const story = replayScenario(session.run.recording!, scenario, { trace: true });
  const capture = new Capture(story.machine);
  while (story.machine.kernel.trace!.count < session.count && typeof story.machine.step() !== 'string') { /* step() moves */ }
  return capture;
}

/** The run in one of the formats, as text. */
export function exportRun(session: Session, scenario: Scenario, kind: ExportKind): string {
  switch (kind) {
    case 'svg': return svg(captureOf(session, scenario));
    case 'mermaid': return mermaid(captureOf(session, scenario));
    case 'recording': return `${session.run.recording}\n`;
  }
}

/** The packets of the run in their order, each with the step at which it was sent. */
export function packetsOf(session: Session, scenario: Scenario): readonly PacketHappening[] {
  return storyOf(captureOf(session, scenario)).happenings.filter((one) => one.kind === 'packet');
}
