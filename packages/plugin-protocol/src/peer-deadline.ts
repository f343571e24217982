/**
 * How much more time than a call has the peer is told, in milliseconds. Our own clock ends the call, and cancels it at the peer; a peer that
 * is told the same time would race it with words of its own.
 */
export const peerSlackMs = 100;
