"""How times, shares and scores are written for people.

Times are written as on a player: minutes and seconds, hours only where there
are any, tenths because a hotspot is often shorter than a second. Shares never
round to a certainty that was not measured: 0.997 is ">99%", not "100%".
"""


def clock(seconds: float, tenths: bool = True) -> str:
    """A point in time, e.g. "1:02.5" or "1:00:00.0".

    Args:
        seconds: from the start of the recording; negative times (a transcript
            that starts before the recording) keep their sign.
        tenths: whether tenths of a second are written.

    >>> clock(62.54), clock(3600), clock(59.96), clock(75, tenths=False)
    ('1:02.5', '1:00:00.0', '1:00.0', '1:15')
    """
    # Rounded before splitting, or 59.96 s would be written as 0:60.0.
    units = round(abs(seconds) * 10) if tenths else round(abs(seconds)) * 10
    minutes, rest = divmod(units, 600)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 and units else ""
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    tail = f"{rest // 10:02d}.{rest % 10}" if tenths else f"{rest // 10:02d}"
    return f"{sign}{head}:{tail}"


def percent(share: float) -> str:
    """A share in [0, 1] as whole percent, without claiming 0 or 100 wrongly.

    >>> percent(0.42), percent(0.999), percent(0.001), percent(0.0), percent(1.0)
    ('42%', '>99%', '<1%', '0%', '100%')
    """
    rounded = round(share * 100)
    if rounded == 100 and share < 1:
        return ">99%"
    if rounded == 0 and share > 0:
        return "<1%"
    return f"{rounded}%"


def hundredths(value: float) -> str:
    """A score in [0, 1] with two decimals, so that scores stand in line.

    >>> hundredths(0.5)
    '0.50'
    """
    return f"{value:.2f}"


def number(value: float, digits: int = 2) -> str:
    """A number with at most `digits` decimals, without trailing zeros.

    >>> number(12.500), number(30.0), number(0.123456, 4), number(-0.0001), number(50, 0)
    ('12.5', '30', '0.1235', '0', '50')
    """
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def cue_clock(seconds: float, mark: str) -> str:
    """A time as subtitles have it: hours, minutes, seconds and thousandths.

    Args:
        seconds: from the start of the recording; before it counts as its start.
        mark: before the thousandths, "," (SRT) or "." (WebVTT).

    >>> cue_clock(3723.5, ",")
    '01:02:03,500'
    """
    whole, thousandths = divmod(round(1000 * max(0.0, seconds)), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{mark}{thousandths:03}"
