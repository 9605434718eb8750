/**
 * A page that shows a job while it runs: asks the agents once a second what their ranks do, as long as somebody looks, and
 * hands it on. Nothing is asked while nobody does. Layer below: view.ts, server.ts.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { AgentEvent, ProgressReport } from '../../agent/job-description.ts'
import type { RankReport } from '../../diagnosis/picture.ts'
import type { AgentPlan } from '../placement.ts'
import { UsageError } from '../usage-error.ts'
import { PageServer, type Asset } from './server.ts'
import { deadlockView, JobView } from './view.ts'

/** Between two questions to the agents. */
const PERIOD_MS = 1000
/** After an answer others are waited for: one picture for the answers of all agents. */
const GATHER_MS = 100

export class Dashboard {
  readonly #server: PageServer
  readonly #view: JobView
  readonly #began = performance.now()
  #ask: () => void = () => undefined
  #progress: ProgressReport | undefined
  #gathering: NodeJS.Timeout | undefined
  readonly #timer: NodeJS.Timeout

  private constructor(server: PageServer, view: JobView) {
    this.#server = server
    this.#view = view
    this.#timer = setInterval(() => server.readers > 0 && this.#ask(), PERIOD_MS).unref()
  }

  /** @throws UsageError if the port is taken */
  static async open(plans: readonly AgentPlan[], port: number | undefined): Promise<Dashboard> {
    const view = new JobView(plans)
    const options = { assets: assets(), port: port ?? 0, onReader: (): unknown => dashboard.#welcome() }
    const server = await PageServer.open(options).catch((error: Error) => {
      throw new UsageError([`--dashboard-port is ${port}, which cannot be used: ${error.message}`])
    })
    const dashboard: Dashboard = new Dashboard(server, view)
    return dashboard
  }

  /** Address of the page, with its token. */
  get url(): string {
    return this.#server.url
  }

  /** How to ask all agents for their vitals. */
  ask(ask: () => void): void {
    this.#ask = ask
  }

  /** Takes note of what an agent or a rank says. */
  hear(rank: number, event: AgentEvent): void {
    switch (event.event) {
      case 'vitals':
        this.#view.reports(event.reports)
        this.#view.traffic(event.traffic)
        this.#gathering ??= setTimeout(() => this.#publish(), GATHER_MS).unref()
        break
      case 'exit':
        this.#view.ended(rank)
        break
      case 'profile':
        this.#view.traffic([{ rank, ...event.sums }])
        break
      case 'progress':
        this.#progress = event.progress
        this.#view.progress(this.#seconds, event.progress)
        this.#server.publish('progress', { seconds: this.#seconds, ...event.progress })
        break
      default:
    }
  }

  /** No rank can go on any more. */
  stuck(reports: readonly RankReport[]): void {
    this.#view.reports(reports)
    this.#publish()
    this.#server.publish('deadlock', deadlockView(reports))
  }

  /** The job ends. @param message what the user is told of it, if anything */
  stopped(exitCode: number, message: string | undefined): void {
    clearInterval(this.#timer)
    this.#server.publish('stopped', { exitCode, message: message ?? null })
  }

  /** Everything of the job is gone: shows its last state, and serves no more. */
  async close(exitCode: number): Promise<void> {
    this.#publish()
    await this.#server.close('end', { exitCode, seconds: this.#seconds })
  }

  get #seconds(): number {
    return (performance.now() - this.#began) / 1000
  }

  #welcome(): unknown {
    this.#ask()
    return { progress: this.#progress ?? null, rates: this.#view.rates, ...this.#view.picture(this.#seconds * 1000) }
  }

  #publish(): void {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    this.#server.publish('picture', this.#view.picture(this.#seconds * 1000))
  }
}

/** The page has no build step: its files are sent as they are. */
function assets(): ReadonlyMap<string, Asset> {
  const own = (name: string, type: string): Asset => ({ type, file: new URL(`./page/${name}`, import.meta.url) })
  const { resolve } = createRequire(import.meta.url)
  const plot = (name: string, type: string): Asset => ({ type, file: pathToFileURL(resolve(`uplot/dist/${name}`)) })
  const [html, css, script] = ['text/html; charset=utf-8', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8']
  return new Map([
    ['', own('index.html', html)],
    ['page.css', own('page.css', css)],
    ['page.js', own('page.js', script)],
    ['wait-graph.js', own('wait-graph.js', script)],
    ['icon.svg', own('icon.svg', 'image/svg+xml')],
    ['uplot.css', plot('uPlot.min.css', css)],
    ['uplot.js', plot('uPlot.iife.min.js', script)],
  ])
}
