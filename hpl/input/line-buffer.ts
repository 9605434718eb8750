/**
 * The lines of HPL.dat as netlib HPL sees them through fgets and one buffer of 256 characters. Invariant: `current` is
 * what that buffer holds: a piece of at most 253 bytes, so that a longer line spills into the next, and at the end of
 * the file the last piece again. Behind the piece lie remains of earlier ones, which netlib's list reader can run
 * into; `netlibTokens` follows it there. Nothing below it.
 *
 * Text is held with one character a byte (latin1), because C counts bytes.
 */

// fgets( line, HPL_LINE_MAX - 2, infp ) with HPL_LINE_MAX = 256 reads at most 253 characters, newline included.
const PIECE_BYTES = 253
const BUFFER_BYTES = 256

// What C's isspace accepts; JavaScript's \s accepts more.
const BLANKS = ' \t\n\v\f\r'
const TOKENS = /[^ \t\n\v\f\r]+/g

/** What one fgets brings. */
export interface Piece {
  readonly text: string
  /** 1-based line of the file that it stands on. */
  readonly line: number
  /** It does not begin the line, because the line is too long. */
  readonly continuation: boolean
}

export class LineBuffer {
  readonly #pieces: readonly Piece[]
  #next = 0
  #memory = '\0'.repeat(BUFFER_BYTES)
  #current: Piece = { text: '', line: 1, continuation: false }
  #ended = false

  constructor(text: string) {
    this.#pieces = split(Buffer.from(text, 'utf8').toString('latin1'))
  }

  /** What the buffer holds now. */
  get current(): Piece {
    return this.#current
  }

  /** Whether a read has met the end of the file and got the last piece again. */
  get ended(): boolean {
    return this.#ended
  }

  /** Reads the next piece into the buffer. */
  read(): Piece {
    const piece = this.skip()
    if (piece) {
      this.#current = piece
      this.#memory = `${piece.text}\0${this.#memory.slice(piece.text.length + 1)}`
    }
    return this.#current
  }

  /** Reads the next piece, but not into this buffer; nothing at the end of the file. */
  skip(): Piece | undefined {
    const piece = this.#pieces[this.#next++]
    this.#ended ||= piece === undefined
    return piece
  }

  /** The blank-delimited tokens of the current piece, which for C ends at the first NUL. */
  tokens(): string[] {
    return this.#current.text.replace(/\0[^]*/, '').match(TOKENS) ?? []
  }

  /**
   * The `count` tokens that netlib's list reader takes from the buffer. After a token of length t it moves on by t + 1
   * from where it began to look, not from where the token began, so surplus blanks make it fall behind and read the
   * tail of a token again; and where the line is over it moves on all the same, into remains of earlier lines. Where
   * it finds nothing it keeps the token before.
   *
   * @param previous the last token read before this list
   */
  netlibTokens(count: number, previous: string): string[] {
    const taken: string[] = []
    let token = previous
    let cursor = 0
    while (taken.length < count) {
      token = this.#scan(cursor) ?? token
      taken.push(token)
      cursor += token.length + 1
    }
    return taken
  }

  /** C's sscanf("%s") from a place in the buffer. */
  #scan(from: number): string | undefined {
    let start = from
    while (start < BUFFER_BYTES && BLANKS.includes(this.#memory.charAt(start))) start++
    let end = start
    while (end < BUFFER_BYTES && !`${BLANKS}\0`.includes(this.#memory.charAt(end))) end++
    return end > start ? this.#memory.slice(start, end) : undefined
  }
}

function split(bytes: string): Piece[] {
  const lines = bytes.match(/[^\n]*\n|[^\n]+$/g) ?? []
  return lines.flatMap((line, index) => {
    const pieces: Piece[] = []
    for (let start = 0; start < line.length; start += PIECE_BYTES) {
      pieces.push({ text: line.slice(start, start + PIECE_BYTES), line: index + 1, continuation: start > 0 })
    }
    return pieces
  })
}
