/**
 * Shared rings of Xen's split drivers: requests go one way, responses come back in the same slots,
 * and each side says from which index on it wants to be notified. Plain functions for both sides.
 *
 * Source: include/xen/interface/io/ring.h, by its names. Differs: indices do not wrap at 2^32,
 * which no run reaches.
 */

const XEN_PAGE_SIZE = 4096
/** Producer indices and event marks at the head of the page. */
const SRING_HEADER_BYTES = 64

/** Slots of a page: as many as fit, rounded down to a power of two. Macro: __RING_SIZE(). */
export function ringSize(entryBytes: number): number {
  let size = 1
  while (size * 2 * entryBytes <= XEN_PAGE_SIZE - SRING_HEADER_BYTES) size *= 2
  return size
}

/** The page that both sides see. A slot holds a request until its response is written there. */
export class SharedRing<Req, Rsp> {
  readonly size: number
  readonly ring: (Req | Rsp | null)[]
  req_prod = 0
  req_event = 1
  rsp_prod = 0
  rsp_event = 1

  constructor(entryBytes: number) {
    this.size = ringSize(entryBytes)
    this.ring = new Array<Req | Rsp | null>(this.size).fill(null)
  }
}

/** The front end's private part. */
export class FrontRing<Req, Rsp> {
  readonly sring: SharedRing<Req, Rsp>
  req_prod_pvt = 0
  rsp_cons = 0

  constructor(sring: SharedRing<Req, Rsp>) {
    this.sring = sring
  }
}

/** Macro: RING_GET_REQUEST(), and the filling of the slot. Nothing checks for a full ring. */
export function setRequest<Req, Rsp>(front: FrontRing<Req, Rsp>, req: Req): void {
  const { ring, size } = front.sring
  ring[front.req_prod_pvt & (size - 1)] = req
}

/** Macro: RING_GET_RESPONSE(). */
export function responseAt<Req, Rsp>(front: FrontRing<Req, Rsp>, index: number): Rsp {
  return front.sring.ring[index & (front.sring.size - 1)] as Rsp
}

/** Macro: RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(). Returns whether the back end asked to be told. */
export function pushRequests<Req, Rsp>(front: FrontRing<Req, Rsp>): boolean {
  const { sring } = front
  const old = sring.req_prod
  sring.req_prod = front.req_prod_pvt
  return sring.req_prod - sring.req_event < sring.req_prod - old
}

/** Macro: RING_FINAL_CHECK_FOR_RESPONSES(): asks for the next, and looks whether it is there. */
export function finalCheckForResponses<Req, Rsp>(front: FrontRing<Req, Rsp>): boolean {
  const { sring } = front
  if (sring.rsp_prod !== front.rsp_cons) return true
  sring.rsp_event = front.rsp_cons + 1
  return sring.rsp_prod !== front.rsp_cons
}

/** The back end's private part. */
export class BackRing<Req, Rsp> {
  readonly sring: SharedRing<Req, Rsp>
  rsp_prod_pvt = 0
  req_cons = 0

  constructor(sring: SharedRing<Req, Rsp>) {
    this.sring = sring
  }
}

/**
 * The next request, null when there is none: then the next one is asked for. Macros:
 * RING_HAS_UNCONSUMED_REQUESTS(), RING_FINAL_CHECK_FOR_REQUESTS(). A front end that ran a ring
 * ahead has overwritten slots; what lies there now is what is served.
 */
export function takeRequest<Req, Rsp>(back: BackRing<Req, Rsp>): Req | null {
  const { sring } = back
  if (sring.req_prod === back.req_cons) {
    sring.req_event = back.req_cons + 1
    return null
  }
  return sring.ring[back.req_cons++ & (sring.size - 1)] as Req
}

/** Macro: RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(), after writing the slot. */
export function pushResponse<Req, Rsp>(back: BackRing<Req, Rsp>, rsp: Rsp): boolean {
  const { sring } = back
  sring.ring[back.rsp_prod_pvt++ & (sring.size - 1)] = rsp
  const old = sring.rsp_prod
  sring.rsp_prod = back.rsp_prod_pvt
  return sring.rsp_prod - sring.rsp_event < sring.rsp_prod - old
}
