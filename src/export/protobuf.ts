/**
 * Writer of protobuf's wire format: varint, fixed64 and length-delimited fields into growing
 * bytes. Numbers are safe integers; negative ones are written as 64-bit two's complement.
 * Source: protobuf encoding documentation.
 */
const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const CACHED_MAX = 65_536

export class ProtoWriter {
  private bytes = new Uint8Array(1 << 12)
  private length = 0
  private readonly encoder = new TextEncoder()
  /** The same few names come again and again. */
  private readonly cache = new Map<string, Uint8Array>()

  /** A copy of what was written; the writer begins anew. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length)
    this.length = 0
    return taken
  }

  integer(field: number, value: number): void {
    this.varint(field * 8 + VARINT)
    this.varint(value)
  }

  fixed64(field: number, value: number): void {
    this.varint(field * 8 + FIXED64)
    this.reserve(8)
    const view = new DataView(this.bytes.buffer)
    view.setUint32(this.length, value % 2 ** 32, true)
    view.setUint32(this.length + 4, Math.floor(value / 2 ** 32), true)
    this.length += 8
  }

  string(field: number, text: string): void {
    let encoded = this.cache.get(text)
    if (encoded === undefined) {
      encoded = this.encoder.encode(text)
      if (this.cache.size < CACHED_MAX) this.cache.set(text, encoded)
    }
    this.delimited(field, encoded)
  }

  /** What `fill` writes, as an embedded message. */
  message(field: number, fill: () => void): void {
    this.varint(field * 8 + DELIMITED)
    const from = this.length
    fill()
    const size = this.length - from
    let width = 1
    for (let rest = size; rest >= 128; rest = Math.floor(rest / 128)) width++
    this.reserve(width)
    this.bytes.copyWithin(from + width, from, this.length)
    this.length = from
    this.varint(size)
    this.length = from + width + size
  }

  private delimited(field: number, bytes: Uint8Array): void {
    this.varint(field * 8 + DELIMITED)
    this.varint(bytes.length)
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  private varint(value: number): void {
    this.reserve(10)
    if (value < 0) this.negative(value)
    else {
      let rest = value
      while (rest >= 128) {
        this.bytes[this.length++] = (rest % 128) + 128
        rest = Math.floor(rest / 128)
      }
      this.bytes[this.length++] = rest
    }
  }

  /** Ten bytes: 64 bits in groups of seven, the lowest first. */
  private negative(value: number): void {
    let rest = value
    for (let i = 0; i < 9; i++) {
      const low = ((rest % 128) + 128) % 128
      this.bytes[this.length++] = low + 128
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.length++] = 1
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const wider = new Uint8Array(2 * (this.length + more))
    wider.set(this.bytes.subarray(0, this.length))
    this.bytes = wider
  }
}
