// Finds the Chromium that the browser's tests drive, and provides its path as `chromium`. CHROMIUM names another one.
import * as fs from "node:fs"
import type { TestProject } from "vitest/node"

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]

export default function setup(project: TestProject): void {
  const given = process.env["CHROMIUM"]
  const found = (given === undefined ? usual : [given]).find((file) => fs.existsSync(file))
  if (found === undefined) {
    throw new Error(
      given === undefined
        ? "there is no Chromium here. On Debian or Ubuntu: apt-get install -y --no-install-recommends chromium; or set CHROMIUM to the path of one"
        : `CHROMIUM names ${given}, which does not exist`
    )
  }
  project.provide("chromium", found)
}
