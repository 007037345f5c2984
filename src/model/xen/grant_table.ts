/**
 * Grants: pages that one domain lets another map. A page whose grant is ended while the other side
 * still has it mapped stays granted; the kernel tries again later and says so.
 *
 * Kernel: drivers/xen/grant-table.c (gnttab_grant_foreign_access, gnttab_end_foreign_access,
 * gnttab_add_deferred), 6.1; drivers/xen/xen-front-pgdir-shbuf.c.
 */

/** References below it are Xen's own. Kernel: GNTTAB_NR_RESERVED_ENTRIES. */
const RESERVED = 8
const PAGE_SIZE = 4096
/** References on a page of the directory, behind the reference of the next page. */
const REFS_PER_PAGE = PAGE_SIZE / 4 - 1

interface Grant {
  readonly what: object
  readonly pages: number
  maps: number
  ended: boolean
}

/** One table for the domain; both sides name what they share by its reference. */
export class GrantTable {
  private readonly grants = new Map<number, Grant>()
  private next = RESERVED

  /** Grants the pages of `what`. Returns the first reference. */
  grant(what: object, pages: number): number {
    const ref = this.next
    this.next += pages
    this.grants.set(ref, { what, pages, maps: 0, ended: false })
    return ref
  }

  /** Ends a grant. Returns false if the other side has it mapped: the end is deferred. */
  end(ref: number): boolean {
    const grant = this.grants.get(ref)
    if (grant === undefined) return true
    grant.ended = true
    if (grant.maps > 0) return false
    this.grants.delete(ref)
    return true
  }

  /** Maps what a reference stands for; null if there is no such grant. */
  map(ref: number): object | null {
    const grant = this.grants.get(ref)
    if (grant === undefined || grant.ended) return null
    grant.maps++
    return grant.what
  }

  unmap(ref: number): void {
    const grant = this.grants.get(ref)
    if (grant === undefined) return
    grant.maps--
    if (grant.ended && grant.maps === 0) this.grants.delete(ref)
  }

  /** Pages that are granted now, those whose end is deferred included. */
  get pages(): number {
    let sum = 0
    for (const { pages } of this.grants.values()) sum += pages
    return sum
  }
}

/** Pages of a buffer and of the directory that lists them. */
export function sharedPages(bytes: number): number {
  const pages = Math.ceil(bytes / PAGE_SIZE)
  return pages + Math.ceil(pages / REFS_PER_PAGE)
}
