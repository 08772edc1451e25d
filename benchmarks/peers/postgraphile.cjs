// PostGraphile 5 over the tables and functions of rival.sql. Usage: node postgraphile.cjs PORT DSN
'use strict'
const { createServer } = require('node:http')
const { postgraphile } = require('postgraphile')
const { PostGraphileAmberPreset } = require('postgraphile/presets/amber')
const { makePgService } = require('postgraphile/adaptors/pg')
const { grafserv } = require('postgraphile/grafserv/node')

async function main () {
  const instance = postgraphile({
    extends: [PostGraphileAmberPreset],
    pgServices: [makePgService({ connectionString: process.argv[3], schemas: ['rival'], poolConfig: { max: 20 } })],
    grafserv: { graphiql: false },
    grafast: { explain: false }
  })
  const server = createServer()
  await instance.createServ(grafserv).addTo(server)
  server.listen(Number(process.argv[2]), '127.0.0.1')
}

main()
