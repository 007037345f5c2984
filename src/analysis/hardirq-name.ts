/**
 * What texts call the context of a hard interrupt. In records it is `irq/1-virtio0`, by its line;
 * Linux gives that name to the thread of a threaded handler, in which other rules hold.
 */

/** `hardirq/virtio0` of `irq/1-virtio0`; timers of a processor keep their names. */
export function hardirqName(context: string): string {
  return context.replace(/^irq\/\d+-/, 'hardirq/')
}
