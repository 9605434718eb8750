/** Where the ranks of a job run, as a table for people: `--display map` and `--dry-run`. At most 80 columns. Pure. */
import { coreListText, rangesText, type Bindings } from '../agent/cores.ts'
import { SETTINGS, settingText, type HostSettings } from './hostfile.ts'
import type { LaunchPlan } from './launch-plan.ts'
import type { Place } from './placement.ts'
import { textTable } from './text-table.ts'

/** The map as text, with a line break at its end. */
export function describePlacement({ places, agents, bindings, policy, hosts }: Omit<LaunchPlan, 'notes'>): string {
  const size = places.reduce((sum, { ranks }) => sum + ranks.length, 0)
  const processes = agents.length === places.length ? '' : ` in ${agents.length} processes`
  const columns = [
    { title: 'host', cell: (place: Place) => place.name, most: 24 },
    { title: 'slots', cell: slotsText, most: 14 },
    { title: 'ranks', cell: (place: Place) => rangesText(place.ranks, ', '), most: 26 },
    { title: 'cores', cell: (place: Place) => coresText(place, bindings), most: 24 },
    { title: 'settings', cell: settingsText, most: 80 },
  ].filter(({ title, cell }) => title === 'ranks' || places.some((place) => cell(place) !== ''))
  const table = textTable(
    columns.map(({ title }) => title),
    places.map((place) => columns.map(({ cell }) => cell(place))),
    columns.slice(0, -1).map(({ most }) => most),
  )
  const used = places.length < hosts ? `${places.length} of ${hosts} hosts` : counted(hosts, 'host')
  return `${counted(size, 'rank')} on ${used}${processes}, ${policy}\n${table}`
}

function slotsText({ slots, maxSlots }: Place): string {
  return maxSlots === undefined ? `${slots}` : `${slots} (max ${maxSlots})`
}

/** Empty if no rank of the job is bound; one list if each rank of the host has one core, else a line a rank. */
function coresText({ ranks }: Place, bindings: Bindings | undefined): string {
  if (bindings === undefined) return ''
  const lists = ranks.map((rank) => bindings[rank])
  const single = lists.flatMap((list) => {
    const [{ socket, cores, wrap } = {}, ...more] = list ?? []
    return socket === undefined && more.length === 0 && Array.isArray(cores) && !wrap ? (cores as number[]) : []
  })
  if (single.length === ranks.length) return rangesText(single, ', ')
  return ranks
    .map((rank, index) => `rank ${rank}: ${lists[index] === undefined ? 'not bound' : coreListText(lists[index])}`)
    .join('\n')
}

function settingsText(settings: HostSettings): string {
  return SETTINGS.map((key) => settingText(settings, key))
    .filter((text) => text !== '')
    .join('\n')
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
