/** GraphiQL with the explorer, the examples in tabs and the reader's key as a header. */
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL } from "graphiql";
import { useRef, useState } from "react";
import { exampleTabs } from "./examples.js";
import { Key } from "./Key.jsx";
import { Notice } from "./Notice.jsx";
import { createFetcher } from "./requests.js";
import { initialHeaders } from "./settings.js";

const plugins = [explorerPlugin()];

export function Page() {
  const headers = useRef(initialHeaders);
  const [refusal, setRefusal] = useState(null);
  const [hidden, setHidden] = useState(null);
  const [fetcher] = useState(() => createFetcher(() => headers.current, setRefusal, setHidden));
  return (
    <>
      <Notice refusal={refusal} hidden={hidden} />
      <GraphiQL
        fetcher={fetcher}
        plugins={plugins}
        defaultTabs={exampleTabs.length ? exampleTabs : undefined}
        defaultHeaders={initialHeaders}
        defaultEditorToolsVisibility="headers"
        schemaDescription
        inputValueDeprecation
      >
        <GraphiQL.Logo>creditgraph</GraphiQL.Logo>
        <Key headers={headers} />
      </GraphiQL>
    </>
  );
}
