/**
 * A Reactor on the scenario API, in the spirit of Redis ae and muduo, with the three pollers behind one interface, and a Proactor beside
 * it. docs/reactor.md is its guide. Imported as `epollsim/reactor`.
 */

import type { Sys } from '../scenario/index.js';
import { EpollPoller } from './epollPoller.js';
import { PollPoller } from './pollPoller.js';
import type { Poller } from './poller.js';
import { SelectPoller } from './selectPoller.js';

export { Acceptor, type ListenOptions } from './acceptor.js';
export { ByteQueue } from './byteQueue.js';
export { BROKEN, Channel, READABLE, WRITABLE } from './channel.js';
export { type ConnectOptions, Connector } from './connector.js';
export { EpollPoller } from './epollPoller.js';
export { EventLoop } from './eventLoop.js';
export { type Handler, ReactorError } from './handler.js';
export type { Poller, Ready } from './poller.js';
export { PollPoller } from './pollPoller.js';
export { Proactor } from './proactor.js';
export { FD_SETSIZE, SelectPoller } from './selectPoller.js';
export { type ConnectionHandlers, type ConnectionOptions, TcpConnection } from './tcpConnection.js';
export { type ServerOptions, TcpServer } from './tcpServer.js';
export { Timer } from './timerQueue.js';

/** The pollers by name, as options of scenarios name them. */
export const POLLERS = ['epoll-lt', 'epoll-et', 'poll', 'select'] as const;

/** A poller by its name. @param name `epoll-lt`, `epoll-et`, `poll` or `select` */
export function pollerNamed(sys: Sys, name: string): Poller {
  if (name === 'select') return new SelectPoller(sys);
  if (name === 'poll') return new PollPoller(sys);
  return new EpollPoller(sys, name === 'epoll-et' ? 'ET' : 'LT');
}
