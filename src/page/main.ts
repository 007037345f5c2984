/**
 * The script of the report page; the page is complete without it. Bundled into one text that
 * app/HtmlReport.ts puts into the page.
 */
import { Page } from './page.ts'
import { answersProbe, watchForChange } from './watch.ts'

if (!answersProbe()) {
  new Page().start()
  watchForChange()
}
