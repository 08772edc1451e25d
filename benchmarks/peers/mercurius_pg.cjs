// Mercurius with its JIT, its loaders and pg over the tables of rival.sql. Usage: node mercurius_pg.cjs PORT DSN
'use strict'
const { randomUUID } = require('node:crypto')
const fastify = require('fastify')
const mercurius = require('mercurius')
const { Pool } = require('pg')

const pool = new Pool({ connectionString: process.argv[3], max: 20 })

const schema = `
  type ServiceTotal { serviceType: String! provider: String! usageCount: Int! totalCredits: String! }
  type ServiceUsage { id: ID! serviceType: String! provider: String! units: String! unitType: String! credits: String! }
  type Workflow {
    id: ID! workflowName: String! status: String! totalCredits: String!
    servicesUsed: [ServiceUsage!]! serviceBreakdown: [ServiceTotal!]!
  }
  type Agent { id: ID! name: String! workflows: [Workflow!]! }
  type Query { agents(account: ID!): [Agent!]! }
  type Mutation {
    addServiceUsage(
      account: ID! workflow: ID! key: String! serviceType: String! provider: String! unitType: String! units: Int!
    ): ServiceUsage!
  }
`

const resolvers = {
  Query: {
    agents: (_, { account }) => rows('agents', 'SELECT account_id, id, name FROM rival.agent WHERE account_id = $1 ORDER BY id LIMIT 20', [account])
  },
  Mutation: { addServiceUsage: (_, given) => added(given) },
  ServiceUsage: {
    serviceType: row => row.service_type,
    unitType: row => row.unit_type,
    units: row => decimal(row.micro_units),
    credits: row => decimal(row.credits)
  },
  ServiceTotal: {
    serviceType: row => row.service_type,
    usageCount: row => Number(row.usage_count),
    totalCredits: row => decimal(row.total_credits)
  },
  Workflow: {
    workflowName: row => row.workflow_name,
    totalCredits: row => decimal(row.total_credits)
  }
}

const loaders = {
  Agent: {
    workflows: many('workflows', `
      SELECT agent_id AS parent, w.* FROM unnest($2::uuid[]) its (agent) CROSS JOIN LATERAL (
        SELECT account_id, id, agent_id, workflow_name, status, total_credits FROM rival.workflow
        WHERE account_id = $1 AND agent_id = its.agent ORDER BY id LIMIT 10) w`)
  },
  Workflow: {
    servicesUsed: many('usages', `
      SELECT workflow_id AS parent, u.* FROM unnest($2::uuid[]) its (run) CROSS JOIN LATERAL (
        SELECT id, workflow_id, service_type, provider, unit_type, micro_units, credits FROM rival.service_usage
        WHERE account_id = $1 AND workflow_id = its.run ORDER BY id LIMIT 10) u`),
    serviceBreakdown: many('breakdown', `
      SELECT workflow_id AS parent, service_type, provider, count(*) AS usage_count, sum(credits)::bigint AS total_credits
      FROM rival.service_usage WHERE account_id = $1 AND workflow_id = ANY ($2)
      GROUP BY 1, 2, 3 ORDER BY 5 DESC, 2, 3`)
  }
}

function many (name, text) {
  return async queries => {
    const found = await rows(name, text, [queries[0].obj.account_id, queries.map(({ obj }) => obj.id)])
    const byParent = new Map(queries.map(({ obj }) => [obj.id, []]))
    for (const row of found) byParent.get(row.parent).push(row)
    return queries.map(({ obj }) => byParent.get(obj.id))
  }
}

async function rows (name, text, values) {
  return (await pool.query({ name, text, values })).rows
}

async function added ({ account, workflow, key, serviceType, provider, unitType, units }) {
  const client = await pool.connect()
  const run = (name, text, values) => client.query({ name, text, values })
  const credits = Math.ceil(units / 1000) * 1000000
  try {
    await client.query('BEGIN')
    const { rows: [usage] } = await run('usage', `
      INSERT INTO rival.service_usage VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      ON CONFLICT (account_id, idempotency_key) DO NOTHING RETURNING *`,
    [account, randomUUID(), workflow, key, serviceType, provider, unitType, units * 1000000, credits])
    if (!usage) {
      await client.query('ROLLBACK')
      return (await run('known', 'SELECT * FROM rival.service_usage WHERE account_id = $1 AND idempotency_key = $2', [account, key])).rows[0]
    }
    await run('run', `
      UPDATE rival.workflow SET total_credits = total_credits + $3, usage_count = usage_count + 1
      WHERE account_id = $1 AND id = $2`, [account, workflow, credits])
    const { rows: [book] } = await run('book', `
      UPDATE rival.account SET spent = spent + $2, transfer_count = transfer_count + 1
      WHERE id = $1 RETURNING transfer_count`, [account, credits])
    await run('transfer', `
      INSERT INTO rival.ledger_transfer VALUES ($1, $2, $3, 'OVERDRAFT', 'SPENT', $4, $5)`,
    [account, randomUUID(), book.transfer_count, credits, usage.id])
    await client.query('COMMIT')
    return usage
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

// Micro-credits are 64-bit integers, which pg gives as text.
function decimal (micros) {
  const whole = micros.slice(0, -6) || '0'
  const part = micros.slice(-6).padStart(6, '0').replace(/0+$/, '')
  return part ? `${whole}.${part}` : whole
}

const app = fastify()
app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
