"""The oracle's budgets: nothing is counted, every standing is added up from usages and open holds."""

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.metering.machine.books import Books, Budget, Refused

Standing = tuple[int, int]  # used, held


def touching(books: Books, run: str, action: str = "BLOCK") -> list[str]:
    """Name the budgets that a run's spending counts against."""
    return [
        label
        for label, budget in books.budgets.items()
        if budget.active and budget.action == action and _touches(books, budget, run)
    ]


def standing(books: Books, label: str, run: str, at: datetime) -> Standing:
    """Tell what is used and held of a budget, for a run's subject and the window of a moment."""
    budget = books.budgets[label]
    if budget.window == "REQUEST":
        return books.total_of(run), sum(part.remaining for _, _, part, _ in books.open_parts(run))
    subject, window = subject_of(books, budget.scope, run), _window(budget, at)
    used = sum(
        usage.credits
        for usage in books.usages.values()
        if not usage.voided
        and subject_of(books, budget.scope, usage.run) == subject
        and _window(budget, usage.used_at) == window
    )
    held = sum(
        part.remaining
        for hold in books.holds.values()
        for part in hold.parts
        if subject_of(books, budget.scope, hold.run) == subject
        and _window(budget, hold.lines[part.line].held_at) == window
    )
    return used, held


def standings(books: Books, run: str) -> dict[str, Standing]:
    """Tell the standing, now, of every budget that can refuse the run."""
    return {label: standing(books, label, run, books.now) for label in touching(books, run)}


def require_left(books: Books, run: str) -> None:
    """Refuse a run for which a budget has nothing left at all."""
    for label, (used, held) in standings(books, run).items():
        limit = books.budgets[label].limit
        if used + held >= limit:
            raise Refused("BudgetExceeded", budget=label, needed=1, limit=limit, used=used, held=held, left=0)


def require_room(books: Books, run: str, needed: int) -> None:
    """Refuse what needs more of a budget than is left of it."""
    for label, (used, held) in standings(books, run).items():
        limit = books.budgets[label].limit
        left = max(limit - used - held, 0)
        if needed > left:
            raise Refused(
                "BudgetExceeded", budget=label, needed=needed, limit=limit, used=used, held=held, left=left
            )


def counted(books: Books) -> dict[str, dict[str, Standing]]:
    """Tell what each subject has of each budget now; nothing where it has nothing."""
    found: dict[str, dict[str, Standing]] = {}
    for label, budget in books.budgets.items():
        if budget.active and budget.window != "REQUEST":
            runs = [run for run in books.runs if _touches(books, budget, run)]
            each = {
                subject_of(books, budget.scope, run): standing(books, label, run, books.now) for run in runs
            }
            found[label] = {str(subject): counts for subject, counts in each.items() if counts != (0, 0)}
    return found


def tell(books: Books, run: str, used_at: datetime) -> None:
    """Note an event for each threshold that a run's spending reaches, once in a window."""
    for label in (*touching(books, run), *touching(books, run, "ALERT")):
        budget = books.budgets[label]
        subject, group = subject_of(books, budget.scope, run), _group(books, label, run, used_at)
        for percent in _reached(budget, _spent(books, label, run, used_at)):
            if group is not None and percent > books.told.get(group, 0):
                books.told[group] = percent
                books.events.append(("budget.threshold_reached", label, subject, percent))


def take_back(books: Books, run: str) -> None:
    """A single run whose spending was voided below a threshold is told of when it reaches it again."""
    for label, budget in books.budgets.items():
        if budget.window == "REQUEST" and (label, run) in books.told:
            reached = max(_reached(budget, _spent(books, label, run, books.now)), default=0)
            books.told[label, run] = min(books.told[label, run], reached)


def forget(books: Books, label: str) -> None:
    """What is reached when a limit is set is not told any more; what is not can be told again."""
    for usage in books.usages.values():
        group = _group(books, label, usage.run, usage.used_at)
        if group is not None and _touches(books, books.budgets[label], usage.run):
            reached = _reached(books.budgets[label], _spent(books, label, usage.run, usage.used_at))
            books.told[group] = max(reached, default=0)


def subject_of(books: Books, scope: str, run: str) -> str | None:
    """Whose spending a run's is, for a scope."""
    found = books.runs[run]
    return {
        "ACCOUNT": "",
        "API_KEY": found.key,
        "AGENT": found.agent,
        "USER": found.user,
        "WORKFLOW_NAME": found.name,
    }[scope]


def _spent(books: Books, label: str, run: str, at: datetime) -> int:
    return standing(books, label, run, at)[0]


def _reached(budget: Budget, spent: int) -> list[int]:
    return [percent for percent in (80, 100) if spent and spent * 100 >= budget.limit * percent]


def _group(books: Books, label: str, run: str, at: datetime) -> tuple[object, ...] | None:
    """Tell whose spending in which window is counted together; none before the window of a budget's making."""
    budget = books.budgets[label]
    if budget.window == "REQUEST":
        return label, run
    window = _window(budget, at)
    if at < budget.created_at and window != _window(budget, budget.created_at):
        return None
    return label, subject_of(books, budget.scope, run), window


def _touches(books: Books, budget: Budget, run: str) -> bool:
    subject = subject_of(books, budget.scope, run)
    return subject is not None and budget.subject in {None, subject}


def window_key(window: str, zone: str, at: datetime) -> tuple[object, ...]:
    """Tell two windows apart: moments lie in one where their local calendars agree.

    An hour that a clock shows twice is two.
    """
    local = at.astimezone(ZoneInfo(zone))
    match window:
        case "HOUR":
            return local.date(), local.hour, local.utcoffset()
        case "DAY":
            return (local.date(),)
        case "MONTH":
            return local.year, local.month
        case _:
            return ()


def _window(budget: Budget, at: datetime) -> tuple[object, ...]:
    return window_key(budget.window, budget.zone, at)
