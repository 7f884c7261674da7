/**
 * Ports of processes without a domain, where another app of the group has port 80: of the load balancer, or of the
 * instance of `instance()`. Security groups let everybody in on all of them; nothing listens where no process is.
 */
export const doorPorts = { first: 8000, last: 8999 } as const;

/** The same as security groups write it. */
export const doorPortRange: string = `${doorPorts.first}-${doorPorts.last}`;
