"""Pictures made on the server. Lengths are percentages, so one picture fits every width without distortion;
colours are classes of the style sheet, since the content security policy allows no inline style."""

from collections.abc import Iterable

from markupsafe import Markup, escape

from pointsman.doors.console import words
from pointsman.doors.console.waterfall import Bar, Scale


def probability(value: float, low: float | None, high: float | None, base_rate: float | None) -> Markup:
    """A bar from 0 to 100 %, the interval as a whisker over it, the base rate as a mark across it."""
    said = words.percent(value)
    shapes = [_rect("track", 0, 100, 5, 6), _rect("value", 0, value * 100, 5, 6)]
    if low is not None and high is not None:
        said += f", likely {words.percent(low)} to {words.percent(high)}"
        shapes += [_line("whisker", low, high, 8, 8), _line("whisker", low, low, 5, 11)]
        shapes.append(_line("whisker", high, high, 5, 11))
    if base_rate is not None:
        said += f"; base rate {words.percent(base_rate)}"
        shapes.append(_line("base", base_rate, base_rate, 0, 16))
    return _svg("probability", said, 16, shapes)


def reason(contribution: float, scale: float) -> Markup:
    """A signed bar around a middle line: to the right it raises, to the left it lowers. `scale` fills one half."""
    width = min(abs(contribution) / scale, 1) * 50 if scale else 0
    side = "lowers" if contribution < 0 else "raises"
    bar = _rect(side, 50 - width if contribution < 0 else 50, width, 3, 8)
    said = f"{side} it by {words.number(abs(contribution))}" if contribution else "does not change it"
    return _svg("reason", said, 14, [_rect("track", 0, 100, 6, 2), bar, _line("middle", 0.5, 0.5, 0, 14)])


def timeline(name: str, bars: Iterable[Bar], scale: Scale) -> Markup:
    """One step of a run on the run's time line: the step, its attempts on it, folded idle time as gaps."""
    drawn = list(bars)
    shapes = [_rect("fold", fold.start, fold.width, 0, 20) for fold in scale.folds]
    for bar in drawn:
        top, height = (8, 4) if bar.kind in ("step", "waiting") else (4, 12)
        shapes.append(_rect(bar.kind, bar.start, bar.width, top, height))
    said = f"{name}: " + ("; ".join(bar.words for bar in drawn if bar.words) or "did not start")
    return _svg("timeline", said, 20, shapes)


def axis(scale: Scale) -> Markup:
    """Marks of time above the time lines, and how long each fold was."""
    shapes: list[Markup] = []
    for tick in scale.ticks:
        anchor = "start" if tick.at < 4 else "end" if tick.at > 94 else "middle"
        shapes.append(_text(tick.words, tick.at, anchor))
    shapes += [_rect("fold", fold.start, fold.width, 0, 20) for fold in scale.folds]
    said = f"Time from 0 to {words.duration(scale.total)}"
    if scale.folds:
        said += f", without {words.listed([words.duration(fold.seconds) for fold in scale.folds])} of idle time"
    return _svg("axis", said, 20, shapes)


def _svg(kind: str, said: str, height: int, shapes: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg class="{}" role="img" aria-label="{}" width="100%" height="{}"><title>{}</title>{}</svg>'
    ).format(kind, said, height, said, Markup("").join(shapes))


def _rect(kind: str, x: float, width: float, y: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{}%" width="{}%" y="{}" height="{}" rx="1"/>').format(
        kind, _percent(x), _percent(width), y, height
    )


def _line(kind: str, start: float, end: float, top: float, bottom: float) -> Markup:
    return Markup('<line class="{}" x1="{}%" x2="{}%" y1="{}" y2="{}"/>').format(
        kind, _percent(start * 100), _percent(end * 100), top, bottom
    )


def _text(said: str, at: float, anchor: str) -> Markup:
    return Markup('<text x="{}%" y="14" text-anchor="{}">{}</text>').format(_percent(at), anchor, escape(said))


def _percent(value: float) -> str:
    """Inside the picture, whatever was given; not a number counts as nothing."""
    return f"{min(max(value, 0.0), 100.0):.2f}".rstrip("0").rstrip(".") if value == value else "0"
