/**
 * Who waits for a promise: the stack of the async functions that await it, at no cost until somebody asks.
 *
 * V8 makes async stack traces by walking from the microtask that runs to the promise it settles, from there to the
 * function that awaits that promise, to the promise of that function, and so on (isolate.cc, CaptureAsyncStackTrace). Here
 * a microtask is run whose promise only *seems* to lead to the promise in question: its one reaction was made by a `then`
 * whose species gives out that promise instead of a new one. Nothing is ever settled by it.
 *
 * That promise gets its species from another prototype. A property `constructor` of its own would do as well, but then V8
 * looks for one in every promise of the thread from there on: messages of 1 KiB, in turn, took a fifth longer.
 */

/** Frames of a trace: programs may nest deeper than the default of 10 shows. */
const FRAMES = 50

/** What the species gives out. */
let sought: Promise<unknown>

/** Constructs nothing: `then` is content with it. */
function Sought(executor: (resolve: () => void, reject: () => void) => void): Promise<unknown> {
  executor(nothing, nothing)
  return sought
}

class Seeming extends Promise<unknown> {
  static override get [Symbol.species](): PromiseConstructor {
    return Sought as unknown as PromiseConstructor
  }
}

/**
 * The stack of those who wait for a pending promise, as `Error.stack` shows it. Of several who wait for the same promise
 * directly, none is found. Local.
 */
export function awaitingStack(promise: Promise<unknown>): Promise<string> {
  return new Promise((resolve) => {
    const task = Promise.resolve().then(() => resolve(currentStack()))
    Object.setPrototypeOf(task, Seeming.prototype)
    sought = promise
    void task.then(nothing)
  })
}

function currentStack(): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = FRAMES
  try {
    return new Error('waiting').stack ?? ''
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function nothing(): void {
  // Neither does the promise settle, nor does anybody hear of it.
}
