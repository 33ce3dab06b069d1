/**
 * The file that a page loads: it makes the element `<epoll-sim>` known. Loading it twice does no harm.
 */

import { EpollSim } from './element.js';

if (customElements.get('epoll-sim') === undefined) customElements.define('epoll-sim', EpollSim);
