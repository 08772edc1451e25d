/** A line above GraphiQL: the server's refusal, why there is no schema, or how to get a key where none is given. */
import { demoKey } from "./settings.js";

export function Notice({ refusal, hidden }) {
  if (hidden !== null) {
    return (
      <div className="notice">
        <p role="status">
          No documentation and no completion for this key: <strong>{hidden}</strong>
        </p>
      </div>
    );
  }
  if (refusal === null && demoKey !== null) return null;
  return (
    <div className="notice">
      {refusal !== null && (
        <p role="alert">
          The server refused the key (401): <strong>{refusal}</strong>
        </p>
      )}
      <p>
        Write an API key into <em>Headers</em> below the query. To issue one:{" "}
        <code>creditgraph account create NAME</code>, then <code>creditgraph key issue --account ID</code>.
      </p>
    </div>
  );
}
