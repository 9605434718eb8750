/** Where things lie on the head, and what they are called there. Layer below: description.ts. */
import type { Cluster } from './description.ts'

/** Keys and the configuration of dnsmasq. Local. */
export function clusterFolder({ cluster }: Cluster): string {
  return `/etc/tsmpi/${cluster}`
}

/** The key by which the head logs in to workers to switch them off, in the cluster's folder. */
export const HEAD_KEY = 'id_ed25519'

/** The key by which workers prove who they are: the same for all, as they have the same root. */
export const WORKER_KEY = 'ssh_host_ed25519_key'

export const DNSMASQ_UNIT = 'tsmpi-dnsmasq.service'
export const WORKERS_UNIT = 'tsmpi-workers.service'
