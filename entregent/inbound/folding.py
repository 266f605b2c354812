"""What of a mail its writer wrote, and what follows: the quoted conversation and the signature, shown folded.

Line by line and in linear time, whatever is sent to us: expressions over the whole text (mail-parser-reply) take
minutes on a text made for that. Lines stay as they were written.
"""

import re

# « Le 19 nov. 2026 à 09:13, Tom <tom@…> a écrit : »; mail programs break it over up to three lines.
_ATTRIBUTION_BEGINS = re.compile(r"\s{0,9}(?:Le|On|Am|El|Il|Op|Em)\s", re.IGNORECASE)
_ATTRIBUTION_ENDS = re.compile(
    r"(?:a écrit|a ecrit|wrote|schrieb|escribió|ha scritto|schreef|escreveu)[^a-z]{0,40}$", re.IGNORECASE
)
_SEPARATOR = re.compile(
    r"\s{0,9}[-_=]{2,20}\s{0,4}(?:Message d['’]origine|Message original|Message transféré|Message transmis|"
    r"Original Message|Forwarded message|Reply message|Ursprüngliche Nachricht|Début du message)\b",
    re.IGNORECASE,
)
_LINE_OF_DASHES = re.compile(r"\s{0,9}_{10,}\s*$")
_HEADER_FROM = re.compile(r"\s{0,9}\*?(?:De|From|Expéditeur|Von)\*?\s{0,2}:\*?\s", re.IGNORECASE)
_HEADER_OTHER = re.compile(
    r"\s{0,9}\*?(?:Envoyé|Envoyé le|Date|Sent|À|A|To|Cc|Objet|Subject|Gesendet|An|Betreff)\*?\s{0,2}:", re.IGNORECASE
)
_SIGNATURE = re.compile(r"--\s?$")
_SENT_FROM = re.compile(
    r"\s{0,9}(?:Envoyé (?:de|depuis|à partir) |Envoyé par |Provenance : |Télécharger Outlook|Obtenez Outlook|"
    r"Sent from |Sent via |Get Outlook for )",
    re.IGNORECASE,
)
_LONGEST_LINE = 500


def fold(text: str) -> tuple[str, str]:
    """(what was written, what is folded). Where nothing would stay, all of it stays: a mail that was passed on."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    end = _end_of_reply(lines)
    kept = "\n".join(lines[:end]).strip()
    if not kept:
        return "\n".join(lines).strip(), ""
    return kept, "\n".join(lines[end:]).strip("\n")


def _end_of_reply(lines: list[str]) -> int:
    """The first line of what is folded."""
    has_text = False
    for position, line in enumerate(lines):
        head = line[:_LONGEST_LINE]
        if has_text and (_is_attribution(lines, position) or _begins_quote(lines, position)):
            return position
        if has_text and (_SIGNATURE.match(head) or (_SENT_FROM.match(head) and _is_last(lines, position))):
            return position
        # What was passed on begins at once: its own writer's text is what the mail is about.
        if not has_text and (_SEPARATOR.match(head) or _is_attribution(lines, position)):
            return len(lines)
        has_text = has_text or (bool(head.strip()) and not head.lstrip().startswith(">"))
    return _before_quoted_end(lines)


def _is_attribution(lines: list[str], position: int) -> bool:
    if not _ATTRIBUTION_BEGINS.match(lines[position][:_LONGEST_LINE]):
        return False
    told = ""
    for line in lines[position : position + 3]:
        told = f"{told} {line[:_LONGEST_LINE].strip()}".strip()
        if _ATTRIBUTION_ENDS.search(told[-80:]):
            return "@" in told or any(character.isdigit() for character in told)
        if not line.strip():
            break
    return False


def _begins_quote(lines: list[str], position: int) -> bool:
    head = lines[position][:_LONGEST_LINE]
    if _SEPARATOR.match(head):
        return True
    following = [line[:_LONGEST_LINE] for line in lines[position + 1 : position + 6]]
    if _LINE_OF_DASHES.match(head):
        return any(_HEADER_FROM.match(line) for line in following[:2])
    if _HEADER_FROM.match(head):
        return sum(bool(_HEADER_OTHER.match(line)) for line in following) >= 2
    return False


def _is_last(lines: list[str], position: int) -> bool:
    """Whether hardly anything but a quotation follows."""
    for line in lines[position + 1 : position + 12]:
        head = line[:_LONGEST_LINE].strip()
        if head and not head.startswith((">", "<http", "http")):
            return _ATTRIBUTION_BEGINS.match(head) is not None or _SEPARATOR.match(head) is not None
    return True


def _before_quoted_end(lines: list[str]) -> int:
    """Quoted lines at the very end go; those between what was written stay, since they are answered there."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    first = end
    while first and (not lines[first - 1].strip() or lines[first - 1].lstrip().startswith(">")):
        first -= 1
    return first if first < end else len(lines)
