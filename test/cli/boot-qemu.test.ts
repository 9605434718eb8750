/**
 * A machine of qemu with a BIOS and iPXE in its network card boots from what `tsmpi boot` rendered, up to its kernel: that is a
 * stand-in of some bytes, which prints the command line that it was given. With TSMPI_TEST_ALL=1.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseCluster } from '../../commands/boot/description.ts'
import { writeDirectory } from '../../commands/boot/directory.ts'
import { renderCluster } from '../../commands/boot/render.ts'
import { Cable, cannotCable, without } from '../helpers/boot-cable.ts'
import { ALL } from '../helpers/effort.ts'

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-boot-'))
chmodSync(folder, 0o755)
t.teardown(() => rmSync(folder, { recursive: true }))

/** A machine that has not shown its kernel by then hangs; without KVM it takes some seconds. */
const LIMIT_MS = 240_000
const SECTOR = 512

function skipped(): string | false {
  if (!ALL) return 'only with TSMPI_TEST_ALL=1'
  return without('qemu-system-x86_64') || cannotCable()
}

/**
 * A bzImage (Linux, Documentation/arch/x86/boot.rst, protocol 2.03) of nothing but setup code, which writes the command line to
 * the first serial port and halts.
 */
function printingKernel(): Buffer {
  const setupSectors = 4
  const image = Buffer.alloc((1 + setupSectors + 1) * SECTOR)
  image.writeUInt8(setupSectors, 0x1f1)
  image.writeUInt32LE(SECTOR / 16, 0x1f4) // of the protected mode code, in paragraphs
  image.writeUInt16LE(0xaa55, 0x1fe)
  Buffer.from([0xeb, 0x7e]).copy(image, 0x200) // jmp 0x280, behind the header
  image.write('HdrS', 0x202)
  image.writeUInt16LE(0x0203, 0x206)
  image.writeUInt8(1, 0x211) // LOADED_HIGH
  image.writeUInt32LE(0x100000, 0x214) // code32_start
  image.writeUInt32LE(0x37ffffff, 0x22c) // highest address of the initrd
  const code = [
    [0x66, 0xa1, 0x28, 0x02], // mov eax, [cmd_line_ptr]: DS is where the image's first byte is
    [0x89, 0xc6], // mov si, ax
    [0x83, 0xe6, 0x0f], // and si, 15
    [0x66, 0xc1, 0xe8, 0x04], // shr eax, 4
    [0x8e, 0xd8], // mov ds, ax
    [0xba, 0xf8, 0x03], // mov dx, 0x3f8
    [0xfc], // cld
    [0xac], // next: lodsb
    [0x84, 0xc0], // test al, al
    [0x74, 0x03], // jz end
    [0xee], // out dx, al
    [0xeb, 0xf8], // jmp next
    [0xb0, 0x0a, 0xee], // end: mov al, '\n'; out dx, al
    [0xfa, 0xf4], // cli; hlt
  ]
  Buffer.from(code.flat()).copy(image, 0x280)
  return image
}

/** Boots node2 of the sample; resolves to its command line. */
async function bootNode2(t: Test, cable: Cable, kind: string): Promise<string> {
  const tftp = join(folder, `tftp-${kind}`)
  const text = readFileSync('examples/cluster.yaml', 'utf8').replace('kind: nfs', `kind: ${kind}`)
  const directory = join(folder, kind)
  writeDirectory(directory, renderCluster(parseCluster(text.replace('/srv/tsmpi/tftp', tftp), 'cluster.yaml')), false)
  mkdirSync(tftp)
  for (const path of ['boot.ipxe', 'hosts/6c-4b-90-12-34-57.ipxe']) {
    mkdirSync(join(tftp, path, '..'), { recursive: true })
    writeFileSync(join(tftp, path), readFileSync(join(directory, 'tftp', path)))
  }
  writeFileSync(join(tftp, 'vmlinuz'), printingKernel())
  writeFileSync(join(tftp, 'initrd.img'), 'no initrd')
  const log = await cable.serve(directory)
  const machine = cable.plug(
    '6c:4b:90:12:34:57',
    '-m',
    '256',
    '-boot',
    'n',
    '-machine',
    'graphics=off',
    '-serial',
    'stdio',
  )
  let shown = ''
  const line = new Promise<string>((resolve, reject) => {
    const hangs = setTimeout(() => reject(new Error('no kernel has said anything')), LIMIT_MS)
    machine.on('close', (code) => reject(new Error(`qemu ended with ${code}`)))
    for (const stream of [machine.stdout, machine.stderr])
      stream?.on('data', (bytes: Buffer) => {
        shown += bytes.toString('latin1')
        const found = /initrd=\S+ boot=?[^\n]*\n/.exec(shown)
        if (found === null) return
        clearTimeout(hangs)
        resolve(found[0].trim())
      })
  })
  try {
    return await line
  } catch (error) {
    t.comment(`the machine showed:\n${shown}\ndnsmasq said:\n${log()}`)
    throw error
  }
}

t.test('node2 boots up to its kernel, which is given its root, name and options', { skip: skipped() }, async (t) => {
  const cable = new Cable()
  try {
    const line = await bootNode2(t, cable, 'nfs')
    t.match(line, / boot=nfs root=\/dev\/nfs nfsroot=192\.168\.7\.10:\/srv\/tsmpi\/root,ro ip=dhcp /)
    t.match(line, ' BOOTIF=01-6c-4b-90-12-34-57 systemd.hostname=node2 quiet acpi=force reboot=pci')
  } finally {
    await cable.cut()
  }
})
