/**
 * A processor: runs one context at a time, the innermost of a stack of a task, a softirq and a
 * hardirq. Time passes only while the top context charges; a charge is suspended when the context
 * is interrupted, preempted, or the processor loses its time, and resumed later. Nothing polls.
 *
 * A physical processor always has time. A virtual one has time exactly while the context of another
 * machine that lends to it runs. Everything else is the same.
 */
import type { Ns } from '../../base/units.ts'
import { Req } from '../../sim/process.ts'
import { Priority, type Simulation, type Timer } from '../../sim/scheduler.ts'
import { T } from '../../sim/trace.ts'
import type { Context } from './context.ts'
import type { IrqVector } from './irq-vector.ts'
import type { Machine } from './machine.ts'
import { RunQueue } from './run-queue.ts'
import { Task, TaskState } from './task.ts'
import { PhysicalSupply, type TimeSupply } from './time-supply.ts'

/** Reasons for losing supply: codes of the trace's list `supply`. */
const SUPPLY_EXIT = 0
const SUPPLY_PREEMPTED = 1
const SUPPLY_INTERRUPTED = 2

export class Cpu {
  readonly machine: Machine
  readonly index: number
  readonly idle: Task
  readonly runQueue: RunQueue
  /** The innermost context: the one that runs when the processor has time. */
  top: Context
  /** The current task, at the bottom of the stack. */
  task: Task
  /** Contexts below the top, outermost first. */
  readonly under: Context[] = []
  irqsOff = false
  needResched = false
  /** Something may have to be attended to before the top context goes on. */
  attention = false
  supplied = true
  /** Its time was taken away, not given back. */
  private stolen = false
  /** Set while this processor's loop is on the JavaScript stack. */
  stepping = false
  supply: TimeSupply = PhysicalSupply
  readonly pendingIrqs: IrqVector[] = []
  private readonly sim: Simulation
  private readonly chargeTimer: Timer
  private readonly kickTimer: Timer
  private chargeStartNs: Ns = 0

  constructor(machine: Machine, index: number, pid: number) {
    this.machine = machine
    this.index = index
    this.sim = machine.sim
    this.runQueue = new RunQueue(machine.fairTuning)
    this.idle = new Task(machine, this, `swapper/${index}`, 'idle', pid, {})
    this.idle.onCpu = true
    this.task = this.idle
    this.top = this.idle
    this.chargeTimer = this.sim.timer(() => this.onCharge(), Priority.cpu)
    this.kickTimer = this.sim.timer(() => this.onKick(), Priority.cpu)
  }

  get isIdle(): boolean {
    return this.task === this.idle
  }

  // ---- what others ask of it ------------------------------------------------------------------

  /** Makes an interrupt pending here; an edge that finds it pending merges into it. */
  raise(vector: IrqVector): void {
    vector.raised++
    if (vector.pending || vector.again) {
      vector.merged++
      return
    }
    if (vector.context.body !== null) {
      // In service: the line stays masked until the handler ends (handle_edge_irq).
      vector.again = true
      return
    }
    vector.pending = true
    this.pendingIrqs.push(vector)
    this.attention = true
    if (!this.stepping) this.supply.notify(this)
  }

  /** Asks the scheduler to run here at the next allowed point. */
  resched(): void {
    this.needResched = true
    this.attention = true
    if (!this.stepping) this.machine.sendReschedule(this)
  }

  /** Looks again, behind what is already due at this instant. */
  kick(): void {
    if (!this.stepping) this.kickTimer.soon()
  }

  /** The top context has been granted what it spun for. */
  granted(context: Context): void {
    context.spinning = false
    if (context === this.top) this.kick()
  }

  /** Gains time: called by the machine that lends it. After a voluntary exit there is no record. */
  gainSupply(): void {
    this.supplied = true
    if (!this.stolen) return
    this.stolen = false
    this.sim.trace.emit(T.supply_on, this.index, this.top.id)
  }

  /** Loses time at once; a charge in progress keeps its rest. */
  loseSupply(reason: number): void {
    if (!this.supplied) return
    this.suspendCharge()
    this.supplied = false
    if (reason === SUPPLY_EXIT) return
    this.stolen = true
    this.sim.trace.emit(T.supply_off, this.index, this.top.id, reason)
  }

  // ---- the loop -------------------------------------------------------------------------------

  /** Runs the top context until it has to wait for an event. Only in tail position of an event. */
  step(): void {
    this.stepping = true
    this.loop()
    this.stepping = false
    this.machine.current = this.machine.hardware
  }

  private loop(): void {
    const { machine, sim } = this
    while (this.supplied) {
      const context = this.top
      if (this.attention && this.attend(context)) continue
      if (context.remainingNs > 0) {
        if (!sim.tryAdvance(context.remainingNs)) {
          this.chargeStartNs = sim.now
          this.chargeTimer.arm(sim.now + context.remainingNs)
          return
        }
        context.remainingNs = 0
      }
      if (context.lending) {
        if (this.lend(context)) continue
        return
      }
      if (context.spinning) return
      if (context === this.idle) {
        this.supply.rest(this)
        return
      }
      machine.current = context
      const answer = (context.body as Generator<number, unknown, undefined>).next()
      if (answer.done === true) this.finish(context)
      else if (answer.value === Req.BLOCK) this.block(context)
      else if (answer.value === Req.LEND) context.lending = true
    }
  }

  /** Runs after an event; a processor that gave its time back lets the lender go on. */
  proceed(): void {
    this.step()
    if (!this.supplied) this.supply.returned(this)
  }

  private onCharge(): void {
    this.top.remainingNs = 0
    this.proceed()
  }

  private onKick(): void {
    if (!this.supplied) return
    const { top } = this
    const due = this.attention && this.wouldAttend(top)
    if (this.chargeTimer.armed) {
      if (!due) return
      this.suspendCharge()
    } else if ((top.lending || top.spinning) && !due) return
    this.proceed()
  }

  /** Changes what is left of a task's charge, whether it is in progress or put aside. */
  recharge(task: Task, change: (restNs: Ns) => Ns): void {
    const inProgress = task === this.top && this.chargeTimer.armed
    if (inProgress) this.suspendCharge()
    task.remainingNs = change(task.remainingNs)
    if (!inProgress) return
    this.chargeStartNs = this.sim.now
    this.chargeTimer.arm(this.sim.now + task.remainingNs)
  }

  private suspendCharge(): void {
    if (!this.chargeTimer.armed) return
    this.chargeTimer.cancel()
    this.top.remainingNs -= this.sim.now - this.chargeStartNs
  }

  // ---- interrupts, preemption -----------------------------------------------------------------

  /** Whether `attend` would do something. */
  wouldAttend(context: Context): boolean {
    if (this.pendingIrqs.length > 0 && !this.irqsOff) return true
    return this.needResched && this.mayPreempt(context)
  }

  private attend(context: Context): boolean {
    if (this.pendingIrqs.length > 0 && !this.irqsOff) {
      this.withdraw(context, SUPPLY_INTERRUPTED)
      this.enterIrq(this.pendingIrqs.shift() as IrqVector)
      return true
    }
    if (this.needResched && this.mayPreempt(context)) {
      this.withdraw(context, SUPPLY_PREEMPTED)
      this.schedule(false)
      return true
    }
    if (this.pendingIrqs.length === 0 && !this.needResched) this.attention = false
    return false
  }

  private mayPreempt(context: Context): boolean {
    if (context === this.idle) return true
    if (!(context instanceof Task)) return false
    if (context.preemptCount !== 0 || this.irqsOff) return false
    return context.userMode || context.mayYield || this.machine.preemptsKernel
  }

  private enterIrq(vector: IrqVector): void {
    vector.pending = false
    const { context } = vector
    this.push(context)
    context.body = vector.body()
    this.irqsOff = true
    if (this.task === this.idle) this.machine.onIrqFromIdle(this)
  }

  /** Stacks a context on the current one. */
  push(context: Context): void {
    this.under.push(this.top)
    context.cpu = this
    this.top = context
  }

  private finish(context: Context): void {
    context.body = null
    if (context instanceof Task) {
      this.machine.onTaskEnd(context)
      context.state = TaskState.DEAD
      this.schedule(true)
      return
    }
    this.top = this.under.pop() as Context
    if (context.kind === 'hardirq') {
      this.irqsOff = false
      this.raiseAgain(context)
      const softirq = this.machine.softirqOnIrqExit(this)
      if (softirq !== null) this.push(softirq)
    }
  }

  private raiseAgain(context: Context): void {
    const { vector } = context
    if (vector === null || !vector.again) return
    vector.again = false
    vector.pending = true
    this.pendingIrqs.push(vector)
    this.attention = true
  }

  // ---- scheduling -----------------------------------------------------------------------------

  /** The idle task gives way although it could not sleep. */
  leaveIdle(): void {
    this.schedule(false)
  }

  private block(context: Context): void {
    if (!(context instanceof Task)) this.machine.onBlockInInterrupt(context)
    const { task } = this
    if (task.state === TaskState.INTERRUPTIBLE && task.signalPending) {
      task.state = TaskState.RUNNING
      task.waitingOn = null
    }
    if (task.state !== TaskState.RUNNING) this.schedule(true)
  }

  /**
   * Puts the right task on the processor. No charge is in progress. A task that is preempted stays
   * runnable whatever state it has set for a sleep that it has not yet begun (SM_PREEMPT).
   */
  private schedule(asleep: boolean): void {
    const { machine, task: prev, runQueue } = this
    this.accountTask()
    if (asleep) machine.onSleep(prev)
    this.needResched = false
    if (!asleep && prev !== this.idle) runQueue.enqueue(prev, false, prev)
    else if (prev !== this.idle) runQueue.leave(prev)
    const next = runQueue.pick() ?? machine.pullTask(this) ?? this.idle
    if (next === prev) machine.onSchedule(this)
    else this.switchTo(prev, next, asleep)
  }

  private switchTo(prev: Task, next: Task, asleep: boolean): void {
    const { machine } = this
    this.sim.trace.emit(T.sched_switch, this.index, prev.id, prev.id, next.id)
    this.save(prev)
    if (prev !== this.idle) machine.onSwitchOut(prev, asleep)
    next.onCpu = true
    next.cpu = this
    next.execStartNs = this.sim.now
    this.task = next
    this.restore(next)
    this.top.remainingNs += machine.switchCostNs(next)
    machine.onSchedule(this)
  }

  private save(prev: Task): void {
    prev.onCpu = false
    prev.mayYield = false
    if (this.under.length > 0) {
      prev.overlay = [...this.under.slice(1), this.top]
      this.under.length = 0
    }
    prev.irqsOffSaved = this.irqsOff
  }

  private restore(next: Task): void {
    this.irqsOff = next.irqsOffSaved
    this.top = next
    if (next.overlay.length === 0) return
    for (const context of next.overlay) this.push(context)
    next.overlay = []
  }

  /** Brings the running task's accounts up to now. */
  accountTask(): void {
    const { task } = this
    if (task === this.idle) return
    const ranNs = this.sim.now - task.execStartNs
    if (ranNs === 0) return
    task.execStartNs = this.sim.now
    this.runQueue.account(task, ranNs)
    this.machine.onRan(this, task, ranNs)
  }

  // ---- lending --------------------------------------------------------------------------------

  /** Gives time to the borrower; true when the borrower gave it back at once. */
  private lend(context: Context): boolean {
    const borrower = this.machine.borrowerOf(context)
    if (!borrower.supplied) borrower.gainSupply()
    borrower.step()
    return !context.lending
  }

  /** Something below the scheduler takes `ns` of what the running context lends. */
  takeTime(ns: Ns): void {
    const { top } = this
    this.withdraw(top, SUPPLY_PREEMPTED)
    top.remainingNs += ns
    this.proceed()
  }

  private withdraw(context: Context, reason: number): void {
    if (!context.lending) return
    const borrower = this.machine.borrowerOf(context)
    if (!borrower.supplied) return
    borrower.loseSupply(reason)
    context.remainingNs += this.machine.withdrawCostNs(context)
  }
}
