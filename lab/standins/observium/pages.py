"""The HTML of the stand-in's pages."""

from __future__ import annotations

from collections.abc import Sequence

LOGIN = """<!DOCTYPE html>
<html><head><title>Observium</title></head><body>
<form method="post" id="logonform" action=""><input name="username"><input type="password"
name="password"><input type="checkbox" name="remember" value="1"><button name="submit">Log in
</button></form></body></html>
"""
SSO = """<!DOCTYPE html>
<html><head><title>Sign in with your site account</title></head><body>
<form method="post" action="/idp"><input name="user"><input type="password" name="pw"></form>
</body></html>
"""
OTHER = """<!DOCTYPE html>
<html><head><title>Grafana</title></head><body><div id="reactRoot"></div></body></html>
"""
_CLASSES = {6: "up", 5: "recovery", 4: "warning", 7: "suppressed"}


def whole(body: str) -> str:
    """Return a page with the navigation bar."""
    return (
        '<!DOCTYPE html>\n<html><head><title>Observium</title><meta name="csrf-token" content="x">'
        '</head><body><div class="navbar"><table class="table table-striped"><tr><th>Search</th>'
        '</tr><tr><td></td></tr></table><a href="/logout/">Logout</a></div>\n'
        f"{body}\n</body></html>\n"
    )


def eventlog(rows: Sequence[str], items: int | None) -> str:
    """Return the table of events; its number of items is shown only where it has many."""
    counted = f'<div class="pagination">{items} Items</div>' if items is not None else ""
    head = "".join(f"<th>{text}</th>" for text in ("", "Date", "Device", "Entity", "Message"))
    return (
        f'{counted}<table class="table table-striped table-hover"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def event_row(severity: int, when: str, device: str, entity: str, message: str) -> str:
    """Return one row; its parts are HTML already."""
    return (
        f'<tr class="{_CLASSES.get(severity, "error")}"><td class="state-marker"></td>'
        f'<td>{when}</td><td class="entity">{device}</td><td>{entity}</td><td>{message}</td></tr>\n'
    )


def ago(seconds: int) -> str:
    """Return an age as Observium writes it.

    >>> ago(136), ago(0)
    ('2m 16s', '0s')
    """
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            parts.append(f"{seconds // size}{unit}")
            seconds %= size
    return " ".join([*parts, f"{seconds}s"])
