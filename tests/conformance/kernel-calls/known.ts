/**
 * What is known to differ from the recordings, and why. The test fails when the model differs in any other way, and
 * when an entry of this list is no longer needed: the list can only get shorter, or be argued for.
 */

/** One cause of differences. `in`: scenario -> how often it shows there, in profile tcp. */
export interface Known {
  cause: string;
  reason: string;
  in: Readonly<Record<string, number>>;
}

export const known: readonly Known[] = [
  {
    cause: 'values: ep_item_poll item: recorded inner, model ev',
    reason: 'the recording calls the item of the inner epoll by that epoll: below it eventfd_poll asks ev, which is what the model says',
    in: { 'nested-add-ready': 3 },
  },
];
