"""Files that options and settings name."""

from pathlib import Path

from server.settings import InvalidSettings


def text_of(option: str, path: Path) -> str:
    """Read UTF-8 text; InvalidSettings, which names the option and says why, where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidSettings(f"{option}: cannot read {path}: {reason}.") from None
