/**
 * A virtual processor: a host task whose body is "run the guest". The guest's processor has time
 * exactly while this task runs in guest mode; steal, halt polling, lock-holder preemption follow.
 *
 * Kernel: virt/kvm/kvm_main.c (kvm_vcpu_block, kvm_vcpu_halt, halt polling), arch/x86/kvm/x86.c
 * (vcpu_run), 6.12.
 */
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { Priority, type Timer } from '../../sim/scheduler.ts'
import { T } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { Cpu } from '../machine/cpu.ts'
import { type Task, type TaskOptions, TaskState } from '../machine/task.ts'
import type { TimeSupply } from '../machine/time-supply.ts'
import type { EventFd } from './eventfd.ts'
import type { HostMachine } from './host-machine.ts'

/** First step of a growing poll (halt_poll_ns_grow_start). */
const HALT_POLL_GROW_START_NS = 10_000

const EXIT = {
  hlt: (CODES.exit as readonly string[]).indexOf('hlt'),
  ioeventfd: (CODES.exit as readonly string[]).indexOf('ioeventfd'),
  mmio: (CODES.exit as readonly string[]).indexOf('mmio'),
  pause: (CODES.exit as readonly string[]).indexOf('pause'),
  hypercall: (CODES.exit as readonly string[]).indexOf('hypercall'),
} as const
const SUPPLY_EXIT = (CODES.supply as readonly string[]).indexOf('exit')
const SUPPLY_PAUSED = (CODES.supply as readonly string[]).indexOf('paused')

export class Vcpu implements TimeSupply {
  readonly guestCpu: Cpu
  readonly task: Task
  /** Longest halt poll (halt_poll_ns). */
  private readonly haltPollMaxNs: Ns
  private haltPollNs: Ns = 0
  private polling = false
  private readonly pollTimer: Timer
  private readonly stealTimer: Timer
  private stolenNs: Ns = 0
  private exitReason = 0
  private exitFd: EventFd | null = null
  private exitBody: (() => Proc) | null = null
  private paused = false
  /** Told to the guest when it asks (KVM_KVMCLOCK_CTRL). */
  private pauseUntold = false
  private readonly host: HostMachine

  constructor(host: HostMachine, guestCpu: Cpu, haltPollMaxNs: Ns, options: TaskOptions) {
    this.host = host
    this.guestCpu = guestCpu
    this.haltPollMaxNs = haltPollMaxNs
    this.pollTimer = host.sim.timer(() => this.stopPolling(), Priority.clock)
    this.stealTimer = host.sim.timer(() => this.onSteal(), Priority.clock)
    guestCpu.supplied = false
    guestCpu.supply = this
    this.task = host.spawn(`vcpu${guestCpu.index}`, 'vcpu', () => this.run(), options)
    host.borrowers.set(this.task, guestCpu)
  }

  /** An interrupt is pending for the guest. Kernel: kvm_vcpu_kick(), kvm_vcpu_wake_up(). */
  notify(cpu: Cpu): void {
    if (cpu.supplied) cpu.kick()
    else if (this.polling) this.stopPolling()
    else if (this.task.state !== TaskState.RUNNING) this.host.wake(this.task)
  }

  /** The guest has nothing to run: HLT. */
  rest(_cpu: Cpu): void {
    this.leaveGuest(EXIT.hlt)
  }

  returned(_cpu: Cpu): void {
    this.task.cpu.proceed()
  }

  /** The guest wrote to a doorbell that is bound to an eventfd. Guest code yields POINT next. */
  exitToSignal(fd: EventFd): void {
    this.exitFd = fd
    this.leaveGuest(EXIT.ioeventfd)
  }

  /** The guest called the hypervisor to signal an event channel. Guest code yields POINT next. */
  exitToHypercall(fd: EventFd): void {
    this.exitFd = fd
    this.leaveGuest(EXIT.hypercall)
  }

  /** The guest touched an emulated register: `body` runs in this thread, in user space. */
  exitToUser(body: () => Proc): void {
    this.exitBody = body
    this.leaveGuest(EXIT.mmio)
  }

  /** The VM is stopped: the vCPU leaves the guest at once and stays out. */
  pause(): void {
    this.paused = true
    this.pauseUntold = true
    const { guestCpu, task } = this
    if (!guestCpu.supplied) return
    this.exitReason = EXIT.pause
    guestCpu.loseSupply(SUPPLY_PAUSED)
    task.lending = false
    task.cpu.kick()
  }

  resume(): void {
    this.paused = false
    if (this.task.state !== TaskState.RUNNING) this.host.wake(this.task)
  }

  /** The guest runs now; it loses its time behind what is already due at this instant. */
  steal(ns: Ns): void {
    this.stolenNs += ns
    this.stealTimer.soon()
  }

  private onSteal(): void {
    const { guestCpu, stolenNs, task } = this
    this.stolenNs = 0
    if (guestCpu.supplied && task.cpu.top === task) task.cpu.takeTime(stolenNs)
  }

  wasPaused(): boolean {
    const { pauseUntold } = this
    this.pauseUntold = false
    return pauseUntold
  }

  private leaveGuest(reason: number): void {
    const { guestCpu, host } = this
    this.exitReason = reason
    host.sim.trace.emit(T.kvm_exit, this.task.cpu.index, this.task.id, reason)
    guestCpu.loseSupply(SUPPLY_EXIT)
    this.task.lending = false
  }

  /** The vCPU thread. Kernel: vcpu_run(). */
  private *run(): Proc {
    const { host, task } = this
    for (;;) {
      while (this.paused) {
        task.state = TaskState.UNINTERRUPTIBLE
        yield Req.BLOCK
      }
      if (!host.tryCharge(host.costs.vm_entry)) yield Req.CHARGE
      if (this.paused) continue
      host.emit(T.kvm_entry)
      yield Req.LEND
      if (!host.tryCharge(host.costs.vm_exit)) yield Req.CHARGE
      if (this.exitReason === EXIT.ioeventfd) {
        if (!host.tryCharge(host.costs.ioeventfd_signal)) yield Req.CHARGE
        ;(this.exitFd as EventFd).signal()
      } else if (this.exitReason === EXIT.hypercall) {
        if (!host.tryCharge(host.costs.evtchn_send)) yield Req.CHARGE
        ;(this.exitFd as EventFd).signal()
      } else if (this.exitReason === EXIT.mmio) {
        if (!host.tryCharge(host.costs.userspace_exit)) yield Req.CHARGE
        yield* (this.exitBody as () => Proc)()
      } else if (this.exitReason === EXIT.hlt && !this.interrupted) {
        // Kernel: kvm_vcpu_halt(): polls for a while, then blocks.
        const startNs = host.sim.now
        if (this.startPolling()) yield Req.SPIN
        const wake = this.interrupted ? host.costs.halt_poll_wake : host.costs.blocked_vcpu_wake
        while (!this.interrupted) {
          task.state = TaskState.INTERRUPTIBLE
          yield Req.BLOCK
        }
        if (!host.tryCharge(wake)) yield Req.CHARGE
        this.adjustPoll(host.sim.now - startNs)
      }
    }
  }

  /** Whether something waits for the guest's processor. */
  private get interrupted(): boolean {
    return this.guestCpu.pendingIrqs.length > 0 || this.guestCpu.needResched
  }

  /** Before the thread blocks it spins, for as long as that has paid off lately. */
  private startPolling(): boolean {
    if (this.haltPollNs === 0) return false
    this.polling = true
    this.pollTimer.arm(this.host.sim.now + this.haltPollNs)
    this.task.spinning = true
    return true
  }

  private stopPolling(): void {
    if (!this.polling) return
    this.polling = false
    this.pollTimer.cancel()
    this.task.cpu.granted(this.task)
  }

  /** Kernel: the second half of kvm_vcpu_halt(). */
  private adjustPoll(blockedNs: Ns): void {
    if (blockedNs <= this.haltPollNs) return
    if (this.haltPollNs > 0 && blockedNs > this.haltPollMaxNs) {
      const half = Math.floor(this.haltPollNs / 2)
      this.haltPollNs = half < HALT_POLL_GROW_START_NS ? 0 : half
    } else if (this.haltPollNs < this.haltPollMaxNs && blockedNs < this.haltPollMaxNs) {
      const grown = this.haltPollNs === 0 ? HALT_POLL_GROW_START_NS : this.haltPollNs * 2
      this.haltPollNs = grown > this.haltPollMaxNs ? this.haltPollMaxNs : grown
    }
  }
}
