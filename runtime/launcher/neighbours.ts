/**
 * Which agents share a machine. Hosts of several names can be one: network namespaces, containers, nodes of a Slurm for
 * trying things out. Their ranks must not look for messages as if they had its cores for themselves. Pure.
 */
import { machineOf, type AgentPlan } from './placement.ts'

/** An agent's part of its machine. */
export interface Share {
  /** Threads of the job there that want a core: ranks, and agents where there are several. */
  readonly busyThreads: number
  /** Part of the memory, 0..1. */
  readonly memoryShare: number
}

/**
 * The share of every agent.
 *
 * @param machines what each agent says of its machine; where it says nothing, hosts go by their names
 */
export function sharesOf(plans: readonly AgentPlan[], machines: readonly (string | undefined)[]): Share[] {
  const keys = plans.map((plan, index) => machines[index] ?? `host ${machineOf(plan)}`)
  return keys.map((key) => {
    const neighbours = plans.filter((_, index) => keys[index] === key)
    const agents = plans.length === 1 ? 0 : neighbours.length
    return {
      busyThreads: neighbours.reduce((sum, { ranks }) => sum + ranks.length, agents),
      memoryShare: 1 / neighbours.length,
    }
  })
}
