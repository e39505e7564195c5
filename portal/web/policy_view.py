"""提供条件 as pages show them: the text in headings, paragraphs and lists, and where a version stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from portal.records.policies import Policy


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the text; exactly one of the four holds something."""

    heading: str = ""
    subheading: str = ""
    paragraph: str = ""
    listed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the traffic policy, ready to be shown."""

    version: str
    title: str
    kind: str
    kind_help: str
    effective_on: date
    agree_by: date
    sha256: str
    published_at: datetime | None
    blocks: tuple[Block, ...]


def shown(policy: Policy) -> Version:
    kind = ("実質", "利用者の同意も取り直します") if policy.material else ("軽微", "利用者の前の同意は有効なままです")
    return Version(
        version=policy.version,
        title=policy.title,
        kind=kind[0],
        kind_help=kind[1],
        effective_on=policy.effective_on,
        agree_by=policy.agree_by,
        sha256=policy.sha256,
        published_at=policy.published_at,
        blocks=blocks(policy.body),
    )


def blocks(body: str) -> tuple[Block, ...]:
    """Lines beginning with `# ` and `## ` are headings, with `- ` list entries; empty lines part paragraphs."""
    made: list[Block] = []
    for part in body.split("\n\n"):
        made += _blocks(line for line in part.split("\n") if line.strip())
    return tuple(made)


def _blocks(lines: Iterable[str]) -> list[Block]:
    made: list[Block] = []
    for line in lines:
        if line.startswith("## "):
            made.append(Block(subheading=line[3:]))
        elif line.startswith("# "):
            made.append(Block(heading=line[2:]))
        elif line.startswith("- ") and made and made[-1].listed:
            made[-1] = Block(listed=(*made[-1].listed, line[2:]))
        elif line.startswith("- "):
            made.append(Block(listed=(line[2:],)))
        else:
            made.append(Block(paragraph=line))
    return made
