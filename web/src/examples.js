/** The example operations as GraphiQL's tabs. */
import { operations } from "./settings.js";

const SHOWN_BEFORE = "graphiql:creditgraph-examples";

const variablesText = (variables) =>
  Object.keys(variables).length === 0 ? "" : JSON.stringify(variables, null, 2);

export const exampleTabs = operations.map(({ title, query, variables }) => ({
  query: `# ${title.replace(/\s+/g, " ")}\n${query.trim()}\n`,
  variables: variablesText(variables),
}));

/**
 * Forgets the tabs of an earlier visit when the server offers other examples: those of an earlier demo name
 * rows which no longer exist. While the examples stay the same a reader's own tabs survive a reload.
 */
export function openExamples() {
  const examples = JSON.stringify(exampleTabs);
  if (localStorage.getItem(SHOWN_BEFORE) === examples) return;
  for (const kept of ["tabState", "query", "variables", "operationName"]) {
    localStorage.removeItem(`graphiql:${kept}`);
  }
  // GraphiQL takes the first tab's query from the tabs, but its variables from the storage.
  localStorage.setItem("graphiql:variables", exampleTabs[0]?.variables ?? "");
  localStorage.setItem(SHOWN_BEFORE, examples);
}
