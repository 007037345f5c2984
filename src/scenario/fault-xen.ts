/** Faults that hit single responses of Xen's back end. Each says in a record what it did. */

import type { ResponseFate } from '../model/host/xen/xen-sound.ts'
import { EBUSY, EINVAL, EIO } from '../model/linux/errno.ts'
import type { Machine } from '../model/machine/machine.ts'
import { sndifCode, type XensndReq } from '../model/xen/sndif.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { sayFault } from './fault-events.ts'
import type { StatusName } from './fault-spec.ts'
import type { Gate } from './fault-trigger.ts'
import { formatDuration } from './quantity.ts'

/** What the statuses of virtio stand for here: this protocol answers with -errno. */
const STATUS: Readonly<Record<StatusName, number>> = {
  IO_ERR: -EIO,
  BAD_MSG: -EINVAL,
  NOT_SUPP: -EBUSY,
}

/** The fate of the response to a request. */
export function responseFate(host: Machine, gates: readonly Gate[], req: XensndReq): ResponseFate {
  const request = CODES['xensnd']?.[sndifCode(req)] ?? ''
  const gate = gates.find(
    (one) => (one.fault.request === null || one.fault.request === request) && one.hits(),
  )
  if (gate === undefined) return { kind: 'send' }
  const { kind, byNs, status } = gate.fault
  switch (kind) {
    case 'control-error':
      sayFault(host, `answer to ${request} is ${status ?? 'IO_ERR'}`)
      return { kind: 'send', status: STATUS[status ?? 'IO_ERR'] }
    case 'control-slow':
      sayFault(host, `answer to ${request} late, ${formatDuration(byNs ?? 0)}`)
      return { kind: 'late', byNs: byNs ?? 0 }
    default:
      sayFault(host, `${request} is not answered`)
      return { kind: 'never' }
  }
}
