/** Drivers that the command line offers. Data only: it is loaded at every start. */
export { driverNames, driverVersionNames } from '../scenario/driver-kinds.ts'
