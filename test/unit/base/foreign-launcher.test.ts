/** Which launchers are recognised, and which environments are none of theirs. */
import t from 'tap'
import { foreignLauncher } from '../../../runtime/base/foreign-launcher.ts'

t.test('several copies started by another launcher are recognised', async (t) => {
  const cases: [Record<string, string>, { name: string; copies: number; copy: number }][] = [
    [
      { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '3' },
      { name: 'mpirun', copies: 4, copy: 3 },
    ],
    [
      { PMI_SIZE: '2', PMI_RANK: '0' },
      { name: 'mpiexec', copies: 2, copy: 0 },
    ],
    [
      { PMI_SIZE: '2', PMI_RANK: '1', SLURM_STEP_NUM_TASKS: '2', SLURM_PROCID: '1' },
      { name: 'srun', copies: 2, copy: 1 },
    ],
    [
      { SLURM_STEP_NUM_TASKS: '8', SLURM_PROCID: '5' },
      { name: 'srun', copies: 8, copy: 5 },
    ],
    [{ FLUX_JOB_SIZE: '3' }, { name: 'flux run', copies: 3, copy: 0 }],
  ]
  for (const [env, expected] of cases) t.same(foreignLauncher(env), expected)
})

t.test('one process is none of several', async (t) => {
  t.equal(foreignLauncher({}), undefined)
  t.equal(foreignLauncher({ OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0' }), undefined)
  t.equal(foreignLauncher({ SLURM_NTASKS: '8', SLURM_PROCID: '0' }), undefined, 'a batch script')
  t.equal(foreignLauncher({ SLURM_STEP_NUM_TASKS: '1', SLURM_NTASKS: '8' }), undefined, 'a shell of srun --pty')
})

t.test('TSMPI_SINGLETON=1 lets every copy be a world of its own', async (t) => {
  const env = { PMI_SIZE: '2', PMI_RANK: '0' }
  t.equal(foreignLauncher({ ...env, TSMPI_SINGLETON: '1' }), undefined)
  t.same(foreignLauncher({ ...env, TSMPI_SINGLETON: '0' }), foreignLauncher(env))
})
