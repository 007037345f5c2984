/** Rings and grants of Xen: what each side sees, and what nobody checks. */
import { describe, expect, it } from 'vitest'
import { GrantTable, sharedPages } from '../../../../src/model/xen/grant_table.ts'
import {
  BackRing,
  FrontRing,
  finalCheckForResponses,
  pushRequests,
  pushResponse,
  responseAt,
  ringSize,
  SharedRing,
  setRequest,
  takeRequest,
} from '../../../../src/model/xen/ring.ts'

interface Item {
  readonly id: number
}

function pair() {
  const sring = new SharedRing<Item, Item>(64)
  return { sring, front: new FrontRing(sring), back: new BackRing(sring) }
}

function ask(front: FrontRing<Item, Item>, id: number): boolean {
  setRequest(front, { id })
  front.req_prod_pvt++
  return pushRequests(front)
}

describe('a shared ring', () => {
  it('has 32 slots of 64 bytes on a page', () => {
    expect(ringSize(64)).toBe(32)
    expect(ringSize(112)).toBe(32)
    expect(ringSize(200)).toBe(16)
  })

  it('notifies only when the other side asked for that index', () => {
    const { front, back } = pair()
    expect(ask(front, 1)).toBe(true)
    // The back end has not looked: it is on its way, and hears no second time.
    expect(ask(front, 2)).toBe(false)
    expect(takeRequest(back)?.id).toBe(1)
    expect(takeRequest(back)?.id).toBe(2)
    expect(takeRequest(back)).toBeNull()
    expect(ask(front, 3)).toBe(true)
    expect(pushResponse(back, { id: 1 })).toBe(true)
    expect(pushResponse(back, { id: 2 })).toBe(false)
    expect(responseAt(front, 0).id).toBe(1)
    front.rsp_cons = 2
    expect(finalCheckForResponses(front)).toBe(false)
    expect(pushResponse(back, { id: 3 })).toBe(true)
    expect(finalCheckForResponses(front)).toBe(true)
  })

  it('is overrun by a front end whose back end is dead: nobody checks for room', () => {
    const { front, back } = pair()
    for (let id = 0; id < 40; id++) ask(front, id)
    expect(takeRequest(back)?.id).toBe(32)
    expect(takeRequest(back)?.id).toBe(33)
  })
})

describe('grants', () => {
  it('end at once, or, if the other side has them mapped, when it lets go', () => {
    const table = new GrantTable()
    const [one, two] = [{}, {}]
    const a = table.grant(one, 17)
    const b = table.grant(two, 1)
    expect(b).toBe(a + 17)
    expect(table.map(a)).toBe(one)
    expect(table.end(b)).toBe(true)
    expect(table.map(b)).toBeNull()
    expect(table.end(a)).toBe(false)
    expect(table.map(a)).toBeNull()
    expect(table.pages).toBe(17)
    table.unmap(a)
    expect(table.pages).toBe(0)
  })

  it('a buffer of 64 KiB takes 16 pages and one of the directory', () => {
    expect(sharedPages(64 * 1024)).toBe(17)
    expect(sharedPages(4)).toBe(2)
  })
})
