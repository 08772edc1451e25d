import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./page.css";
import { createRoot } from "react-dom/client";
import { openExamples } from "./examples.js";
import { Page } from "./Page.jsx";

openExamples();
createRoot(document.getElementById("creditgraph")).render(<Page />);
