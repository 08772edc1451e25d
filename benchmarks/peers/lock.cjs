// Takes links out of package-lock.json: a lock holds versions and hashes, and no host at all.
'use strict'
const { readFileSync, writeFileSync } = require('node:fs')

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
for (const entry of Object.values(lock.packages)) {
  delete entry.funding
  delete entry.resolved
  delete entry.deprecated
}
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
