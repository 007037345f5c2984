/**
 * Binding a driver to a device, under the device's lock, as the driver core does it.
 *
 * Kernel: drivers/base/dd.c (device_attach, device_release_driver), drivers/base/bus.c
 * (device_reprobe), drivers/virtio/virtio.c (virtio_device_freeze, virtio_device_restore).
 */
import type { Proc } from '../../sim/process.ts'
import { ENODEV } from '../linux/errno.ts'
import { mutex_lock, mutex_unlock } from '../linux/mutex.ts'
import { kfree } from '../linux/slab.ts'
import type { VirtioPciDevice } from './virtio_pci.ts'

/** A driver bound with its parameters; `priv` is what its probe returned. */
export interface VirtioDriver {
  /** Feature bits of its sort of device that it understands. */
  readonly feature_table: number
  probe(vdev: VirtioPciDevice): Proc<object | number>
  remove(priv: object): Proc
  freeze(priv: object): Proc
  restore(priv: object): Proc<number>
}

/** Frees what the driver allocated with devm_*(), last first. */
function devres_release_all(vdev: VirtioPciDevice): void {
  for (const { object, locks } of vdev.devm.splice(0).reverse()) {
    kfree(vdev.k, object, 'devres_release_all', locks)
  }
}

/** Binds the driver. Context: process. Locks: &dev->mutex. Return: 0 or -errno of its probe. */
export function* device_attach(vdev: VirtioPciDevice, driver: VirtioDriver): Proc<number> {
  yield* mutex_lock(vdev.device_lock)
  // Kernel: virtio_dev_probe(): what both sides know.
  vdev.features = vdev.port.deviceFeatures & driver.feature_table
  const priv = yield* driver.probe(vdev)
  if (typeof priv !== 'number') {
    vdev.driver = driver
    vdev.priv = priv
  } else devres_release_all(vdev)
  yield* mutex_unlock(vdev.device_lock)
  return typeof priv === 'number' ? priv : 0
}

/**
 * Unbinds the driver, if there is one. Context: process. Locks: &dev->mutex, across the removal.
 */
export function* device_release_driver(vdev: VirtioPciDevice): Proc {
  yield* mutex_lock(vdev.device_lock)
  const { driver, priv } = vdev
  if (driver !== null && priv !== null) {
    yield* driver.remove(priv)
    devres_release_all(vdev)
    vdev.driver = null
    vdev.priv = null
  }
  yield* mutex_unlock(vdev.device_lock)
}

/** Unbinds and binds again. Context: process. Return: 0 or -errno. */
export function* device_reprobe(vdev: VirtioPciDevice): Proc<number> {
  const { driver } = vdev
  yield* device_release_driver(vdev)
  return driver === null ? -ENODEV : yield* device_attach(vdev, driver)
}

/**
 * The driver's remove and probe called through the bus by itself, as v2 of the virtio-snd series
 * did: without &dev->mutex, and what devm_*() allocated stays. Context: process. Return: 0 or
 * -errno.
 */
export function* bus_reprobe(vdev: VirtioPciDevice): Proc<number> {
  const { driver, priv } = vdev
  if (driver === null || priv === null) return -ENODEV
  yield* driver.remove(priv)
  const next = yield* driver.probe(vdev)
  vdev.priv = typeof next === 'number' ? null : next
  return typeof next === 'number' ? next : 0
}

/** System suspend. Kernel: virtio_device_freeze(). Context: process. */
export function* virtio_device_freeze(vdev: VirtioPciDevice): Proc {
  if (vdev.driver !== null && vdev.priv !== null) yield* vdev.driver.freeze(vdev.priv)
}

/** System resume. Kernel: virtio_device_restore(). Context: process. Return: 0 or -errno. */
export function* virtio_device_restore(vdev: VirtioPciDevice): Proc<number> {
  if (vdev.driver === null || vdev.priv === null) return 0
  return yield* vdev.driver.restore(vdev.priv)
}
