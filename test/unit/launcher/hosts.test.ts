/** Which hosts a job uses: --hostfile, --host and --exclude together. */
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readHostList, readHosts, type HostSource } from '../../../runtime/launcher/hosts.ts'

const hostfile = join(t.testdir({}), 'hosts')
writeFileSync(hostfile, 'a slots=4 speed=2\nb max_slots=3\na\nc\n')

const names = (source: HostSource): string =>
  readHosts(source)
    .map(({ name, slots }) => `${name}:${slots}`)
    .join(' ')

t.test('readHosts takes this machine if nothing is said', async (t) => {
  t.same(readHosts({}), [{ name: hostname(), slots: undefined }])
})

t.test('readHosts gives a host of --host without a number one slot', async (t) => {
  t.equal(names({ host: 'a:2,b' }), 'a:2 b:1')
  t.equal(names({ host: 'a,b,a' }), 'a:2 b:1')
})

t.test(
  'readHosts chooses from the hostfile with --host, in its order, and never gives more slots than the file',
  async (t) => {
    t.equal(names({ hostfile }), 'a:5 b:3 c:undefined')
    t.equal(names({ hostfile, host: 'c,a' }), 'c:undefined a:5')
    t.equal(names({ hostfile, host: 'c:2,a:3,b:9' }), 'c:2 a:3 b:3')
    t.equal(readHosts({ hostfile, host: 'a' })[0]?.speed, 2)
    t.same(readHostList({ hostfile, host: 'c,a' }).order, ['a', 'a', 'c'])
    t.throws(() => readHosts({ hostfile, host: 'd,a,e' }), {
      message:
        '--host d: the hostfile does not have it; expected one of a, b, c\n' +
        '--host e: the hostfile does not have it; expected one of a, b, c',
    })
  },
)

t.test('readHosts leaves hosts out', async (t) => {
  t.equal(names({ hostfile, exclude: 'a,c' }), 'b:3')
  t.equal(names({ hostfile, host: '^a' }), 'b:3 c:undefined')
  t.equal(names({ hostfile, host: 'a,b,^b' }), 'a:5')
  t.equal(names({ host: 'a,b', exclude: 'b' }), 'a:1')
  t.throws(() => readHosts({ hostfile, exclude: 'x' }), {
    message: '--exclude: host "x" cannot be excluded, it is none of a, b, c',
  })
  t.throws(() => readHosts({ host: '^a' }), {
    message: `--host: host "a" cannot be excluded, it is none of ${hostname()}`,
  })
  t.throws(() => readHosts({ exclude: hostname() }), /--exclude: no host is left without /)
})

t.test('readHosts takes the hosts of an allocation if none is named, and leaves some out', async (t) => {
  const allocation = [
    { name: 'n1', slots: 2 },
    { name: 'n2', slots: 2 },
  ]
  t.equal(names({ allocation }), 'n1:2 n2:2')
  t.equal(names({ allocation, exclude: 'n1' }), 'n2:2')
  t.equal(names({ allocation, host: '^n2' }), 'n1:2')
  t.equal(names({ allocation, host: 'x:3' }), 'x:3')
  t.equal(names({ allocation, hostfile }), 'a:5 b:3 c:undefined')
})

t.test('readHosts says which hostfile cannot be read', async (t) => {
  t.throws(() => readHosts({ hostfile: 'no/such' }), /^hostfile "no\/such" cannot be read: ENOENT/)
})
