// What the Node servers answer from memory: the same as benchmarks/peers/items.py gives the Python ones.
'use strict'
const scopes = ['READ', 'TRACK', 'MANAGE']
const items = Array.from({ length: 5000 }, (_, n) => ({
  id: `item_${n}`,
  name: `name ${n}`,
  count: n,
  price: String(n / 4),
  available: n % 2 === 0
}))

exports.typeDefs = `
  type Viewer { scopes: [String!]! }
  type Item { id: ID! name: String! count: Int! price: String! available: Boolean! }
  type Query { viewer: Viewer! items: [Item!]! }
`

exports.resolvers = {
  Query: {
    viewer: async () => ({ scopes }),
    items: async () => items
  }
}
