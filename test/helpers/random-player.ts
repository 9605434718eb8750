/** Plays random programs (random-programs.ts) in any job, and compares what happens with what the model says. */
import {
  ANY_SOURCE,
  type Cartcomm,
  type Comm,
  type Distgraph,
  type Intercomm,
  type Intracomm,
  type ObjectRequest,
  type PersistentRequest,
  type Request,
  type Status,
} from '../../index.ts'
import { randomNumbers } from '../../runtime/base/random-numbers.ts'
import { across } from './across-checks.ts'
import { text } from './failures.ts'
import { make, start, type Call } from './forms.ts'
import {
  groups,
  model,
  MOST,
  partner,
  sendsObject,
  type Collective,
  type CommName,
  type Model,
  type Program,
  type Receive,
  type Send,
  type Statement,
} from './random-programs.ts'
import { amongNeighbours, graphEdges, gridOf } from './neighbour-calls.ts'
import { WITHIN } from './within-calls.ts'

/** Tag that nobody sends. */
const NEVER = 9
/** Status of a message that has not come. */
const NONE: Status = { source: -1, tag: -1, count: 0, nbytes: 0, cancelled: false }

export type Comms = Readonly<Partial<Record<Exclude<CommName, 'inter'>, Intracomm>>> & { readonly inter?: Intercomm }

/** Classes of the copy of the package that the world is of. */
export interface Classes {
  readonly Cartcomm: typeof Cartcomm
  readonly Distgraph: typeof Distgraph
  readonly Intercomm: typeof Intercomm
}

/** The communicators that programs use. Collective. */
export async function communicators(world: Intracomm, make: Classes): Promise<Comms & { free(): void }> {
  const [dup, wild] = [await world.dup(), await world.dup()]
  const parity = (await world.split(world.rank % 2)) as Intracomm
  const reversed = (await world.split(0, -world.rank)) as Intracomm
  const grid = (await make.Cartcomm.create(world, gridOf(world.size))) as Cartcomm
  const graph = await make.Distgraph.createAdjacent(world, graphEdges(world.rank, world.size))
  const others =
    world.size > 1
      ? await make.Intercomm.create(parity, { peer: world, remoteLeader: 1 - (world.rank % 2) })
      : undefined
  const made = { dup, wild, parity, reversed, grid, graph, ...(others && { inter: others }) }
  return { world, ...made, free: () => Object.values(made).forEach((comm) => comm.free()) } as Comms & { free(): void }
}

/** What is under way: `check` is asked once it is complete. */
interface Open {
  readonly request: Pick<Request, 'test' | 'wait'>
  readonly check: (status: Status) => void
}

function nth<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T
}

/** Elements of message `number`, each another. */
function contents(number: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => number * 10_000 + i)
}

/** Which message has come. */
function numberOf(buffer: Float64Array): number {
  return (buffer[0] as number) / 10_000
}

class Player {
  readonly failures: string[] = []
  readonly #comms: Comms
  readonly #program: Program
  readonly #rank: number
  readonly #model: Model
  readonly #random: () => number
  readonly #open: Open[] = []
  readonly #sends: Open[] = []
  readonly #decoys: (Open & { readonly request: Request })[] = []
  /** What receives from ANY_SOURCE took, in the order in which they were posted. */
  readonly #wild: { status: Status; number: number }[] = []

  constructor(comms: Comms, rank: number, program: Program) {
    this.#comms = comms
    this.#rank = rank
    this.#program = program
    this.#model = model(program)
    this.#random = randomNumbers(program.seed + rank)
  }

  async play(): Promise<string[]> {
    await this.#takeBack()
    const wild = this.#postWild()
    for (const [number, statement] of this.#program.statements.entries()) {
      if (statement.kind === 'collective') await this.#collective(number, statement)
      else if (statement.rank !== this.#rank) continue
      else if (statement.kind === 'send') this.#send(number, statement)
      else if (statement.kind === 'receive') await this.#receive(number, statement)
      else if (statement.kind === 'decoy') this.#decoy(number, statement.on)
      else this.#look(number, statement.on)
    }
    await this.#finish(this.#open)
    for (const number of this.#model.left) await this.#takeLeft(number)
    for (const number of wild) await this.#probeWild(number)
    for (const { request } of this.#decoys) request.cancel()
    await this.#finish([...this.#sends, ...this.#decoys])
    this.#checkWild()
    return this.failures
  }

  #comm(on: CommName): Comm {
    return this.#comms[on] as Comm
  }

  #send(number: number, send: Send): void {
    const { on, tag, count, mode } = send
    const dest = groups(on, this.#rank, this.#program.size).there.indexOf(partner(send, this.#program.size))
    const comm = this.#comm(on)
    const data = contents(number, count)
    const check = (): void => undefined
    if (mode === 'send') {
      // Not awaited here: the message may go by rendezvous, and its receiver wait for what this rank does later.
      const sent = comm.send(data, { dest, tag }).then(() => NONE)
      this.#sends.push({ request: { test: () => undefined, wait: () => sent }, check })
      return
    }
    const started = sendsObject(mode) ? comm[mode]({ number }, { dest, tag }) : comm[mode](data, { dest, tag })
    if ('start' in started) (started as PersistentRequest).start()
    this.#sends.push({ request: started, check })
  }

  async #receive(number: number, receive: Receive): Promise<void> {
    const taken = this.#model.takes.get(number)
    if (taken === undefined) return
    const { on, tag, way } = receive
    const source = this.#sourceOf(this.#program.statements[taken] as Send)
    const comm = this.#comm(on)
    if (taken > number || way === 'irecv' || way === 'recvInit') this.#expect(number, taken, { source, tag }, way)
    else if (way === 'mprobe') await this.#takeMessage(number, taken, { source, tag })
    else {
      const probed = way === 'probe' ? await comm.probe({ source, tag }) : undefined
      const buffer = new Float64Array(MOST)
      if (this.#isObject(taken)) this.#came(number, taken, await comm.recvObject({ source, tag }))
      else this.#came(number, taken, await comm.recv(buffer, { source, tag }), buffer)
      if (probed !== undefined) this.#envelope(number, taken, probed)
    }
  }

  /** Posts a receive that is completed at the end. */
  #expect(number: number, taken: number, from: { source: number; tag: number }, way: string): void {
    const comm = this.#comm((this.#program.statements[taken] as Send).on)
    if (this.#isObject(taken)) {
      const request: ObjectRequest<unknown> = comm.irecvObject(from)
      const check = (status: Status): void => this.#came(number, taken, { ...status, value: request.value })
      this.#open.push({ request, check })
      return
    }
    const buffer = new Float64Array(MOST)
    const request = way === 'recvInit' ? comm.recvInit(buffer, from) : comm.irecv(buffer, from)
    if ('start' in request) (request as PersistentRequest).start()
    this.#open.push({ request, check: (status) => this.#came(number, taken, status, buffer) })
  }

  async #takeMessage(number: number, taken: number, from: { source: number; tag?: number }): Promise<void> {
    const message = await this.#comm((this.#program.statements[taken] as Send).on).mprobe(from)
    this.#envelope(number, taken, message.status)
    if (this.#isObject(taken)) return this.#came(number, taken, await message.recvObject())
    const buffer = new Float64Array(MOST)
    this.#came(number, taken, await message.recv(buffer), buffer)
  }

  async #takeLeft(number: number): Promise<void> {
    const send = this.#program.statements[number] as Send
    if (partner(send, this.#program.size) !== this.#rank) return
    await this.#takeMessage(number, number, { source: this.#sourceOf(send) })
  }

  /** Posts receives from ANY_SOURCE for half of the messages to this rank on 'wild'; gives the other half. */
  #postWild(): readonly number[] {
    const numbers = this.#program.statements.flatMap((one, number) => (this.#isWild(one) ? [number] : []))
    // A receive must know whether it gets an object: where there are some, all messages are probed.
    if (numbers.some((number) => this.#isObject(number))) return numbers
    for (const number of numbers.filter((_, i) => i % 2 === 0)) {
      const { tag } = this.#program.statements[number] as Send
      const buffer = new Float64Array(MOST)
      const place = this.#wild.push({ status: NONE, number: -1 }) - 1
      const check = (status: Status): void => void (this.#wild[place] = { status, number: numberOf(buffer) })
      this.#open.push({ request: this.#comm('wild').irecv(buffer, { source: ANY_SOURCE, tag }), check })
    }
    return numbers.filter((_, i) => i % 2 === 1)
  }

  /** Takes a message of the same tag, whoever sent it. */
  async #probeWild(like: number): Promise<void> {
    const { tag } = this.#program.statements[like] as Send
    const message = await this.#comm('wild').mprobe({ tag })
    const { status } = message
    const buffer = new Float64Array(status.count)
    const next = this.#nextWild(status, this.#wild)
    const number = this.#isObject(next)
      ? (await message.recvObject<{ number: number }>()).value.number
      : (await message.recv(buffer), numberOf(buffer))
    this.#wild.push({ status, number })
  }

  /** Of a source and a tag, the message after those that have been taken before. */
  #nextWild({ source, tag }: Status, before: readonly { readonly status: Status }[]): number {
    const taken = before.filter(({ status }) => status.source === source && status.tag === tag).length
    const all = [...this.#program.statements.entries()]
    const alike = all.filter(([, one]) => this.#isWild(one) && one.rank === source && one.tag === tag)
    return alike[taken]?.[0] ?? -1
  }

  #isWild(one: Statement): one is Send {
    return one.kind === 'send' && one.on === 'wild' && partner(one, this.#program.size) === this.#rank
  }

  /** Each receive from ANY_SOURCE must have taken the next message of its source and tag. */
  #checkWild(): void {
    for (const [place, { status, number }] of this.#wild.entries())
      this.#same(
        `receive ${place} from ANY_SOURCE: the message of source ${status.source} and tag ${status.tag}`,
        number,
        this.#nextWild(status, this.#wild.slice(0, place)),
      )
  }

  /** Receives of anything that are taken back before anybody sends: later messages must not go to them. */
  async #takeBack(): Promise<void> {
    const comms = Object.values(this.#comms).filter((comm) => comm instanceof Object && 'irecv' in comm) as Comm[]
    const requests = comms.map((comm) => comm.irecv(new Float64Array(MOST)))
    for (const request of requests) request.cancel()
    for (const request of requests)
      this.#same('a receive taken back is cancelled', (await request.wait()).cancelled, true)
    await this.#comms.world?.barrier()
  }

  /** A receive that nobody sends to, and that is taken back: it must steal nothing. */
  #decoy(number: number, on: CommName): void {
    const request = this.#comm(on).irecv(new Float64Array(MOST), { source: ANY_SOURCE, tag: NEVER })
    const check = ({ cancelled }: Status): void => this.#same(`statement ${number}, cancelled`, cancelled, true)
    if (this.#random() < 0.5) request.cancel()
    this.#decoys.push({ request, check })
  }

  /** What a probe sees must be a message that somebody sends. */
  #look(number: number, on: CommName): void {
    const status = this.#comm(on).iprobe()
    if (status === undefined) return
    const worldRank = groups(on, this.#rank, this.#program.size).there[status.source]
    const known = this.#program.statements.some(
      (one) =>
        one.kind === 'send' && one.on === on && one.rank === worldRank && one.tag === status.tag &&
        partner(one, this.#program.size) === this.#rank && (sendsObject(one.mode) || one.count === status.count),
    ) // prettier-ignore
    this.#same(`statement ${number}: iprobe saw ${text(status)}, which somebody sends`, known, true)
  }

  async #collective(number: number, { on, call, root, count, form }: Collective): Promise<void> {
    const { here, there } = groups(on, this.#rank, this.#program.size)
    const inter = this.#comms.inter
    const owner = on === 'parity' ? (here[root % here.length] as number) : root
    const setting = { ranks: here, mine: this.#rank, owner, serial: number, count }
    const chosen = (): Call => {
      if (on === 'inter' && inter !== undefined)
        return nth(across({ inter, mine: this.#rank, here, there }, owner), call)
      if ((on === 'grid' || on === 'graph') && call % 2 === 0) return amongNeighbours(on, setting, call / 2)
      return nth(WITHIN, call)(setting)
    }
    const { name, args, result, expected } = chosen()
    const what = `statement ${number}, ${form} ${name} on ${on}`
    if (form === 'blocking') {
      const value = await make(this.#comm(on), form, name, args)
      return this.#same(what, result ?? value, expected)
    }
    const request = start(this.#comm(on), form, name, args)
    const check = (): void => {
      this.#same(what, result ?? request.value, expected)
      if ('free' in request) request.free()
    }
    this.#open.push({ request, check })
    if (this.#random() < 0.3) await this.#finish(this.#open.splice(-1))
  }

  /** Completes requests in a random order, by wait or by test. */
  async #finish(open: Open[]): Promise<void> {
    while (open.length > 0) {
      const [{ request, check }] = open.splice(Math.floor(this.#random() * open.length), 1) as [Open]
      const tested = this.#random() < 0.3 ? request.test() : undefined
      check(tested ?? (await request.wait()))
    }
  }

  #sourceOf({ on, rank }: Send): number {
    return groups(on, this.#rank, this.#program.size).there.indexOf(rank)
  }

  #isObject(number: number): boolean {
    const send = this.#program.statements[number]
    return send?.kind === 'send' && sendsObject(send.mode)
  }

  /** A receive took a message: it must be this one, with what was sent. */
  #came(number: number, taken: number, status: Status & { value?: unknown }, buffer?: Float64Array): void {
    this.#envelope(number, taken, status)
    if (buffer === undefined) return this.#same(`statement ${number}: what came`, status.value, { number: taken })
    const expected = new Float64Array(MOST)
    expected.set(contents(taken, (this.#program.statements[taken] as Send).count))
    const wrong = expected.findIndex((value, i) => value !== buffer[i])
    this.#same(`statement ${number}: what came, element ${wrong}`, buffer[wrong], expected[wrong])
  }

  #envelope(number: number, taken: number, { source, tag, count }: Status): void {
    const send = this.#program.statements[taken] as Send
    const size = this.#isObject(taken) ? count : send.count
    this.#same(`statement ${number}: source, tag, count`, [source, tag, count], [this.#sourceOf(send), send.tag, size])
  }

  #same(what: string, actual: unknown, expected: unknown): void {
    const [got, want] = [text(actual), text(expected)]
    if (got === want) return
    this.failures.push(`rank ${this.#rank}: ${what}: ${got.slice(0, 150)}, expected ${want.slice(0, 150)}`)
  }
}

/** One rank's part of a program; what went wrong, as sentences. Collective over the world of `comms`. */
export async function play(comms: Comms, program: Program): Promise<string[]> {
  const world = comms.world as Intracomm
  const failures = await new Player(comms, world.rank, program).play()
  await world.barrier()
  return failures
}
