// Apollo Server on Fastify: the smallest query and 5,000 small objects. Usage: node apollo.cjs PORT
'use strict'
const fastify = require('fastify')
const { ApolloServer } = require('@apollo/server')
const { default: fastifyApollo } = require('@as-integrations/fastify')
const { typeDefs, resolvers } = require('./schema.cjs')

async function main () {
  const apollo = new ApolloServer({ typeDefs, resolvers })
  await apollo.start()
  const app = fastify()
  await app.register(fastifyApollo(apollo))
  await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
}

main()
