/** The same collective call in its three forms: blocking, nonblocking, and persistent. */
import type { CollectiveRequest, Comm, PersistentCollective } from '../../index.ts'

export const FORMS = ['blocking', 'nonblocking', 'persistent'] as const
export type Form = (typeof FORMS)[number]
export type Started = CollectiveRequest<unknown> | PersistentCollective<unknown>

/** A call: what this rank passes, and what it must find afterwards. */
export interface Call {
  readonly name: string
  readonly args: readonly unknown[]
  /** What the call has done on this rank: by default, what it resolves to. */
  readonly result?: ArrayLike<number>
  readonly expected: unknown
}

function method(comm: Comm, name: string, args: readonly unknown[]): unknown {
  const found = (comm as unknown as Readonly<Record<string, ((...args: readonly unknown[]) => unknown) | undefined>>)[
    name
  ]
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found.apply(comm, [...args])
}

/** Starts a call by its name, in its nonblocking or its persistent form. Collective. */
export function start(comm: Comm, form: Form, call: string, args: readonly unknown[]): Started {
  if (form === 'nonblocking') return method(comm, `i${call}`, args) as Started
  const request = method(comm, `${call}Init`, args) as PersistentCollective<unknown>
  request.start()
  return request
}

/** Makes a call by its name, a persistent one twice; what its blocking form resolves to. Collective. */
export async function make(comm: Comm, form: Form, call: string, args: readonly unknown[]): Promise<unknown> {
  if (form === 'blocking') return method(comm, call, args)
  const request = start(comm, form, call, args)
  await request.wait()
  if (!('start' in request)) return request.value
  request.start()
  await request.wait()
  request.free()
  return request.value
}
