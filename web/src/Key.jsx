/** What keeps one API key in force on the whole page. */
import { useEditorContext, useSchemaStore } from "@graphiql/react";
import { useEffect, useRef } from "react";
import { headersOf } from "./requests.js";

const PAUSE_MILLISECONDS = 500;

/**
 * Carries the headers to whichever tab is opened, since a key belongs to the reader and not to a tab, and asks
 * for the schema again when typing pauses. `headers` is the ref that holds the editor's text.
 */
export function Key({ headers }) {
  const { headerEditor, tabs, activeTabIndex } = useEditorContext({ nonNull: true });
  const { introspect } = useSchemaStore();
  const pause = useRef();

  useEffect(() => {
    if (!headerEditor) return undefined;
    const remember = (editor, change) => {
      // GraphiQL itself sets the value when a tab opens; only what the reader writes counts.
      if (change.origin === "setValue") return;
      headers.current = editor.getValue();
      clearTimeout(pause.current);
      if (headersOf(headers.current)) pause.current = setTimeout(introspect, PAUSE_MILLISECONDS);
    };
    headerEditor.on("change", remember);
    return () => headerEditor.off("change", remember);
  }, [headerEditor, headers, introspect]);

  const openTab = tabs[activeTabIndex]?.id;
  useEffect(() => {
    if (headerEditor && headerEditor.getValue() !== headers.current) headerEditor.setValue(headers.current);
  }, [headerEditor, headers, openTab]);

  return null;
}
