/** What users are told of ranks that are bound to cores, or are not. */
import t from 'tap'
import { BindingReport } from '../../../runtime/launcher/binding-report.ts'

const plan = (host: string, ...ranks: number[]) => ({ host, local: false, ranks, settings: {} })
const core = (number: number) => [{ cores: [number] }]

t.test('BindingReport prints one table when all ranks that shall be bound have told', async (t) => {
  let printed: (text: string) => void = () => undefined
  const table = new Promise<string>((resolve) => (printed = resolve))
  const report = new BindingReport([core(0), undefined, core(3)], true, printed)
  report.hear(plan('b', 2), 2, { event: 'bound', processors: [3, 7] })
  report.hear(plan('a', 0, 1), 0, { event: 'bound', processors: [0, 1, 2] })
  const lines = (await table).split('\n').map((line) => line.split('│').map((cell) => cell.trim()))
  t.same(
    lines.filter((cells) => cells.length > 1).map((cells) => cells.slice(1, -1)),
    [
      ['rank', 'host', 'cores', 'processors'],
      ['0', 'a', '0', '0-2'],
      ['2', 'b', '3', '3,7'],
    ],
  )
})

t.test('BindingReport tells once for each host and reason that ranks are not bound', async (t) => {
  const written: string[] = []
  const report = new BindingReport([core(0), core(1), core(0)], false, (text) => void written.push(text))
  report.hear(plan('mac', 0, 1), -1, { event: 'unbound', reason: 'tsmpi cannot bind threads to cores on darwin' })
  report.hear(plan('b', 2), 2, { event: 'unbound', reason: 'refused' })
  report.hear(plan('b', 2), 2, { event: 'unbound', reason: 'refused' })
  t.same(written, [
    'tsmpirun: note: ranks on mac are not bound to cores: tsmpi cannot bind threads to cores on darwin\n',
    'tsmpirun: note: ranks on b are not bound to cores: refused\n',
  ])
})
