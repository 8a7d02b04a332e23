"""Which of the files or objects below a folder are meant: ``--include``, ``--exclude``.

The patterns are rclone's, so those that people have work here: ``*`` and ``?`` within a folder,
``**`` across, ``[a-z]``, ``[^a-z]``, ``{jpg,png}``, ``{{regular expression}}``, and a backslash
before a character that means itself. A pattern that begins with a slash is one of the path below
the folder, any other one of the end of it, from a slash on. The first rule that matches decides.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated
from warnings import catch_warnings

import typer

_TOKEN = re.compile(
    r"\{\{(?P<regex>.*?)\}\}(?!\})"
    r"|(?P<stars>\*+)|(?P<any>\?)"
    r"|\[(?P<negated>[!^]?)(?P<set>(?:\\.|\[:\^?[a-z]+:\]|[^\]\\])+)\]"
    r"|\\(?P<escaped>.)"
    r"|(?P<begin>\{)|(?P<end>\})|(?P<comma>,)"
    r"|(?P<wrong>[\[\]\\])|(?P<plain>.)",
    re.DOTALL,
)
_IN_SET = re.compile(
    r"\[:(?P<negated>\^?)(?P<name>[a-z]+):\]|(?P<escaped>\\.)|(?P<plain>.)", re.DOTALL
)
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_FLAGS = re.compile(r"\(\?([a-z]+)\)")


class PatternWrong(ValueError):
    """A pattern that is none; the text says why."""


@dataclass(frozen=True)
class Rule:
    """Whether the paths that match are meant.

    Attributes
    ----------
    regex
        Of a path below the folder, up to its end.
    all_below
        Whether it matches all that is in a folder whose path, with a slash, it matches.
    begins
        What the paths that match begin with; empty if that is not known.
    """

    include: bool
    regex: re.Pattern[str]
    all_below: bool
    begins: str


@dataclass(frozen=True)
class Filter:
    """Chooses among the paths below a folder."""

    rules: tuple[Rule, ...] = ()

    def admits(self, relative: str) -> bool:
        """Whether a file or an object is meant, by its path below the folder."""
        for rule in self.rules:
            if rule.regex.search(relative):
                return rule.include
        return True

    def enters(self, folder: str) -> bool:
        """Whether anything in a folder may be meant, by its path; if in doubt, it may."""
        path = f"{folder}/"
        for rule in self.rules:
            if rule.include:
                if path.startswith(rule.begins) or rule.begins.startswith(path):
                    return True
            elif rule.all_below and rule.regex.search(path):
                return False
        return True


EVERYTHING = Filter()

Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include", metavar="PATTERN", help="Only what matches, as for rclone; may be repeated."
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude", metavar="PATTERN", help="Not what matches, as for rclone; may be repeated."
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="RULE",
        help="'+ PATTERN' or '- PATTERN'; the first that matches decides; may be repeated.",
    ),
]


def filter_of(
    include: Sequence[str] | None, exclude: Sequence[str] | None, rules: Sequence[str] | None
) -> Filter:
    """Make the filter of a command line.

    Raises
    ------
    typer.BadParameter
    """
    if sum(map(bool, (include, exclude, rules))) > 1:
        raise typer.BadParameter(
            "--include, --exclude and --filter exclude each other. In their order, the first that "
            "matches decides: --filter '- PATTERN' --filter '+ PATTERN' --filter '- **'."
        )
    try:
        if include:
            return Filter((*(rule(True, one) for one in include), rule(False, "**")))
        if exclude:
            return Filter(tuple(rule(False, one) for one in exclude))
        return Filter(tuple(map(_signed, rules or ())))
    except PatternWrong as error:
        raise typer.BadParameter(str(error)) from error


def _signed(text: str) -> Rule:
    sign, space, pattern = text[:1], text[1:2], text[2:]
    if sign not in ("+", "-") or space != " ":
        raise PatternWrong(f"{text!r} must be '+ PATTERN' or '- PATTERN'.")
    return rule(sign == "+", pattern)


def rule(include: bool, pattern: str) -> Rule:
    """Read a pattern.

    Raises
    ------
    PatternWrong
    """
    if pattern.endswith("/"):
        if include:
            # Of rclone's it matches no file, which nobody has meant.
            raise PatternWrong(f"A folder is included by what is in it: '{pattern}**'.")
        pattern += "**"
    rooted = pattern.startswith("/")
    tokens = list(_TOKEN.finditer(pattern, 1 if rooted else 0))
    text = "".join(_translated(pattern, tokens))
    start = r"\A" if rooted else r"(?:\A|/)"
    try:
        with catch_warnings(action="ignore"):  # a set within a set is none
            regex = re.compile(rf"{start}(?:{text})\Z", re.DOTALL | re.ASCII)
    except re.error as error:
        raise PatternWrong(f"{pattern!r} is no pattern: {error}.") from error
    last = tokens[-1]["stars"] if tokens else None
    return Rule(include, regex, last == "**", _beginning(tokens) if rooted else "")


def _beginning(tokens: list[re.Match[str]]) -> str:
    plain = []
    for token in tokens:
        if token["plain"] is None:
            break
        plain.append(token["plain"])
    return "".join(plain)


def _translated(pattern: str, tokens: list[re.Match[str]]) -> Iterator[str]:
    depth = 0
    for token in tokens:
        kind, text = str(token.lastgroup), token[0]
        if kind == "regex":
            yield _regex(token["regex"])
        elif kind == "stars":
            if len(text) > 2:
                raise PatternWrong(f"{pattern!r} has too many stars in a row.")
            yield ".*" if text == "**" else "[^/]*"
        elif kind == "any":
            yield "[^/]"
        elif kind == "set":
            yield f"[{'^' if token['negated'] else ''}{_set(pattern, token['set'])}]"
        elif kind == "escaped":
            yield text if token["escaped"] in "dDsSwW" else re.escape(token["escaped"])
        elif kind == "begin":
            depth += 1
            yield "(?:"
        elif kind == "end" and depth:
            depth -= 1
            yield ")"
        elif kind == "comma":
            yield "|" if depth else ","
        elif kind == "plain":
            yield re.escape(text)
        else:
            raise PatternWrong(f"{pattern!r} has a {text!r} that belongs to no other.")
    if depth:
        raise PatternWrong(f"{pattern!r} has a '{{' that belongs to no other.")


def _regex(text: str) -> str:
    flags = _FLAGS.match(text)
    if flags is None:
        return f"(?:{text})"
    return f"(?{flags[1]}:{text[flags.end() :]})"


def _set(pattern: str, text: str) -> str:
    found = []
    for one in _IN_SET.finditer(text):
        if one["name"] is not None:
            if one["name"] not in _CLASSES or one["negated"]:
                raise PatternWrong(f"{pattern!r} has characters that are not known: {one[0]}.")
            found.append(_CLASSES[one["name"]])
        elif one["escaped"] is not None or one["plain"] in "-^":
            found.append(one[0])
        else:
            found.append(re.escape(one["plain"]))
    return "".join(found)
