"""Operations that are answered again and again, over WebSockets or as server-sent events."""
