// Mercurius with its JIT on Fastify: the smallest query and 5,000 small objects. Usage: node mercurius.cjs PORT
'use strict'
const fastify = require('fastify')
const mercurius = require('mercurius')
const { typeDefs, resolvers } = require('./schema.cjs')

const app = fastify()
app.register(mercurius, { schema: typeDefs, resolvers, jit: 1 })
app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
