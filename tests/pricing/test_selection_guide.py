"""The guide's Python runs, one block after the other, and prints what the guide says it prints."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "choosing-services.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n\n^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_guides_blocks_print_what_stands_below_them() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert len(blocks) == text.count("```python") == 7
    names: dict[str, object] = {}
    for code, printed in blocks:
        output = StringIO()
        with redirect_stdout(output):
            exec(compile(code, GUIDE.name, "exec"), names)  # noqa: S102 - the guide's own code is what is tested
        assert output.getvalue() == printed
